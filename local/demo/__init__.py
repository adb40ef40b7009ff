"""`make demo`: what three months of outreach leave behind, made by the real handlers while the clock runs fast."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stack import LocalStack

# Who may sign in at the local stack. The manager is who acted in the past, too.
VIEWER, MANAGER = "viewer@team.example", "manager@team.example"


def fill(stack: "LocalStack", is_stopping: Callable[[], bool] = lambda: False) -> None:
    """1,500 referrals over the 90 days before today. Raises KeyboardInterrupt once it is to stop."""
    from datetime import UTC, datetime

    from local.demo.filling import Filling
    from local.demo.plan import Plan
    from local.demo.progress import progress

    now = datetime.now(UTC)
    plan = Plan(now.date())
    with progress(plan.count) as done:
        Filling(stack, plan, now, done, is_stopping).run()
