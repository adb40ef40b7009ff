"""Shift the clock by CLOCK_AHEAD seconds. Python imports this module at start: tools/dates puts it on the path."""

import os
import time

if ahead := os.environ.get("CLOCK_AHEAD"):
    import time_machine

    # It is a plugin of pytest too, which would warn that it is imported already.
    time_machine.__doc__ = "PYTEST_DONT_REWRITE"
    time_machine.travel(time.time() + float(ahead)).start()
