"""`make demo`: three months of outreach, recorded once from the real functions and loaded so that they end now.

`load` and what it uses run at each start. `recorder` and what it uses make the recording: see `__main__`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stack import LocalStack

# Who may sign in at the local stack. The manager is who acted in the past, too.
VIEWER, MANAGER = "viewer@team.example", "manager@team.example"


def fill(stack: "LocalStack") -> None:
    # These imports are not for a stack that starts empty.
    from datetime import UTC, datetime

    from local.demo.loader import load

    load(stack, datetime.now(UTC))
