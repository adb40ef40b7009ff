"""The schedule of `wake`. Runs last, because a schedule runs a minute after its stack was created."""

from dataclasses import replace
from datetime import UTC, datetime

from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.core.referral import Stage
from tests.emulation.stack import EmulatedStack
from tests.support import samples
from tests.support.waiting import eventually

EMAIL = "rosa@clinic.example"


def test_a_due_referral_is_mailed_by_the_schedule(stack: EmulatedStack) -> None:
    due_at = datetime.now(UTC) - REVIEW_INTERVAL
    waiting = replace(samples.referral(email=EMAIL), stage=Stage.WAITING, due_at=due_at, reason="domain_cap")
    # The stream's filters match no referral that is stored as waiting.
    stack.table.add(waiting)
    eventually(lambda: stack.mails(EMAIL))
    eventually(lambda: "sent" in stack.referral(waiting.receipt).milestones)
