"""Shift the clock by CLOCK_AHEAD seconds. tools/dates adds this module to the path, and Python imports it at start."""

import os
import time

if ahead := os.environ.get("CLOCK_AHEAD"):
    import time_machine

    # time_machine is also a pytest plugin. Without this marker, pytest warns that it is already imported.
    time_machine.__doc__ = "PYTEST_DONT_REWRITE"
    time_machine.travel(time.time() + float(ahead)).start()
