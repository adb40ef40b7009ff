"""Delayed calls of the local stack."""

from samlocal.runtime.delayed_calls import DelayedCalls


def test_a_pending_call_does_not_delay_shutdown() -> None:
    done: list[str] = []
    later = DelayedCalls(done.append)
    later.start()
    later.call(3600, lambda: done.append("called"))
    later.stop()
    assert not later._thread.is_alive()
    assert done == []
