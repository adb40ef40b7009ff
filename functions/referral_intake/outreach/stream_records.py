"""Handle stream records for outreach. Log and count the result for each referral."""

from typing import Any

from referral_intake.aws.item_format import from_item
from referral_intake.core.errors import Stale
from referral_intake.observability import logs, metrics
from referral_intake.outreach.delivery import Ending, Outcome, Outreach

# Log only ids: neither a doctor's details nor a message.
logger = logs.logger()


def reach(record: dict[str, Any], outreach: Outreach) -> None:
    """Handle one stream record. If it raises, Lambda retries the record."""
    change = record["dynamodb"]
    receipt = change["NewImage"].get("receipt", {}).get("S")
    with logs.about(logger, referral=receipt, sequence_number=change.get("SequenceNumber")):
        try:
            referral = from_item(change["NewImage"])
            outcome = outreach.reach(referral)
        except Stale:
            # A redelivery, or another request changed the referral. Each change to `queued` has its own record.
            logger.info("referral is no longer queued")
        except Exception:
            logger.exception("outreach failed")
            metrics.count("OutreachFailed")
            raise
        else:
            logger.info(
                "referral handled", campaign=referral.campaign, revision=referral.revision, outcome=outcome.word
            )
            _count(outcome, referral.campaign)


def _count(outcome: Outcome, campaign: str) -> None:
    match outcome.ending:
        case Ending.SENT:
            metrics.count("MessagesSent", campaign=campaign)
        case Ending.UNCLEAR:
            metrics.count("MessagesUnclear", campaign=campaign)
        case Ending.REFUSED:
            metrics.count("MessagesRefused", campaign=campaign, reason=outcome.word)
        case Ending.SET_BACK:
            metrics.count("Setbacks", campaign=campaign, reason=outcome.word)
        case Ending.MOVED:
            # Joined, held, paced, by post: no message was sent, and nothing failed.
            metrics.count("NotSent", campaign=campaign, reason=outcome.word)
