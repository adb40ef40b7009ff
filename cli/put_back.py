"""Putting one referral back, and why most are not to be."""

from datetime import UTC, datetime

from cli.desk import operator
from cli.work_list import Entry
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral, Stage
from referral_intake.dashboard.action_runner import ActionRunner, Changed
from referral_intake.dashboard.actions import Action, Order

_HELD: dict[str | None, str] = {
    Reason.SEND_UNCLEAR: "nobody knows whether the doctor has the message, and sending it again could be twice. "
    "First look for the receipt among the tags of SES's events: docs/operate.md.",
    Reason.RESTORED: "its item is from a restored table, and it may have gone further since. First look into the "
    "log: docs/deploy.md.",
    Reason.CAMPAIGN_UNKNOWN: "the templates that are deployed hold no such campaign. Deploy it, or let the referral "
    "expire.",
}


def put_back(desk: ActionRunner, referrals: ReferralTable, receipt: str, now: datetime) -> str | None:
    """Queues what was given up on, if it still is as it was read. Returns why it was left as it is, if it was.

    Outreach takes it from there, as it takes any other: its claim keeps the doctor from being written to twice.
    """
    while True:
        referral = look(referrals, receipt)
        if isinstance(referral, str):
            return referral
        if why := obstacle(referral):
            return why
        try:
            desk.carry_out(Order(receipt, referral.revision, Action.RETRY, operator()), now)
        except Changed:
            continue  # Since it was read: so it may be something else by now.
        return None


def look(referrals: ReferralTable, receipt: str) -> Referral | str:
    """The referral, or why there is none to see. One that can't be read must not stand before the others."""
    try:
        return referrals.get(receipt, consistent=True) or "is no receipt that the table knows."
    except (KeyError, TypeError, ValueError) as error:
        return f"can't be read ({type(error).__name__}: {error}). Mend its item in the table."


def obstacle(referral: Referral | Entry) -> str | None:
    """Why it must not be put back, or None where it may be."""
    due = f"{referral.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if referral.due_at else ""
    match referral.stage:
        case Stage.HELD if referral.reason == Reason.GIVEN_UP:
            return None
        case Stage.HELD:
            explained = _HELD.get(referral.reason, "a person decides.")
            return f"is held for a person, as {referral.reason}: {explained}"
        case Stage.QUEUED:
            return f"is queued: outreach takes it now. If it doesn't, `wake` sees to it after {due}."
        case Stage.WAITING:
            return f"waits, as {referral.reason}, and goes on by itself after {due}."
        case Stage.SENDING:
            return "is being sent."
        case Stage.SENT:
            return "was sent."
        case Stage.BY_POST:
            return "goes by post: the doctor gave no email address."
        case Stage.CLOSED:
            return f"is closed, as {referral.reason}."
