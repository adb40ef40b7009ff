"""Provide the data of `make demo`: three months of outreach, recorded from the real functions.

`loader` runs at each start of the demo, and moves the recorded times so that they end now. `recorder` makes the
recording (`make demo-data`): see `__main__`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stack import LocalStack

# The sample users who can sign in to the local stack. Recorded actions were performed by the manager.
VIEWER, MANAGER = "viewer@team.example", "manager@team.example"


def fill(stack: "LocalStack") -> None:
    # Imported here, because a stack without the demo does not need these modules.
    from datetime import UTC, datetime

    from local.demo.loader import load

    load(stack, datetime.now(UTC))
