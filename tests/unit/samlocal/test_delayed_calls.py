"""Delayed calls of the local stack."""

from samlocal.runtime.delayed_calls import DelayedCalls


def test_a_call_that_is_still_to_come_does_not_delay_the_end() -> None:
    done: list[str] = []
    later = DelayedCalls(done.append)
    later.start()
    later.call(3600, lambda: done.append("called"))
    later.stop()
    assert not later._thread.is_alive()
    assert done == []
