"""The facts that a referral records, each with its earliest time."""

from enum import StrEnum


class Milestone(StrEnum):
    """The values are stored and shown in the API, so they must never change."""

    SUBMITTED = "submitted"
    SENT = "sent"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    SOFT_BOUNCED = "soft_bounced"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REJECTED = "rejected"  # By the mail service.
    OPENED = "opened"  # By a person, as far as can be determined. `scanned` is for scanners.
    CLICKED = "clicked"
    SCANNED = "scanned"
    ANSWERED = "answered"
    OPTED_OUT = "opted_out"
    WITHDRAWN = "withdrawn"  # By the patient. No further message is sent.
    OPTED_IN = "opted_in"  # The doctor wants messages again after an opt-out, or the opt-out was an error.
    COMPLAINT_TAKEN_BACK = "complaint_taken_back"  # A manager found that the complaint does not count.
    CALLED_BACK = "called_back"  # The doctor got the call they asked for.
    INFORMATION_SENT = "information_sent"  # The doctor got the information they asked for.
