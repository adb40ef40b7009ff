"""Handle stream records for outreach. Log the result for each referral, and emit it as a metric."""

from typing import Any

from referral_intake.aws.item_format import from_item
from referral_intake.core.errors import Stale
from referral_intake.observability import logs, metrics
from referral_intake.outreach.delivery import Outcome, OutcomeKind, Outreach

# Log only ids: neither a doctor's details nor a message.
logger = logs.logger()


def process_record(record: dict[str, Any], outreach: Outreach) -> None:
    """Handle one stream record. If it raises, Lambda retries the record."""
    change = record["dynamodb"]
    receipt = change["NewImage"].get("receipt", {}).get("S")
    with logs.log_context(logger, referral=receipt, sequence_number=change.get("SequenceNumber")):
        try:
            referral = from_item(change["NewImage"])
            outcome = outreach.handle(referral)
        except Stale:
            # A redelivery, or another request changed the referral. Each change to `queued` has its own record.
            logger.info("referral is no longer queued")
        except Exception:
            logger.exception("outreach failed")
            metrics.count("OutreachFailed")
            raise
        else:
            logger.info(
                "referral handled", campaign=referral.campaign, revision=referral.revision, outcome=outcome.reason
            )
            _count(outcome, referral.campaign)


def _count(outcome: Outcome, campaign: str) -> None:
    match outcome.kind:
        case OutcomeKind.SENT:
            metrics.count("MessagesSent", campaign=campaign)
        case OutcomeKind.UNCLEAR:
            metrics.count("MessagesUnclear", campaign=campaign)
        case OutcomeKind.REFUSED:
            metrics.count("MessagesRefused", campaign=campaign, reason=outcome.reason)
        case OutcomeKind.RETRY_LATER:
            metrics.count("Postponed", campaign=campaign, reason=outcome.reason)
        case OutcomeKind.MOVED:
            # Joined, held, paced, by post: no message was sent, and nothing failed.
            metrics.count("NotSent", campaign=campaign, reason=outcome.reason)
