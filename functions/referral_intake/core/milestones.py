"""The facts that a referral keeps, each with its earliest time."""

from enum import StrEnum


class Milestone(StrEnum):
    """The values are stored and shown in the API, so they never change."""

    SUBMITTED = "submitted"
    SENT = "sent"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    SOFT_BOUNCED = "soft_bounced"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REJECTED = "rejected"  # By the mail service.
    OPENED = "opened"  # By a person, as far as can be told. `scanned` is the same by a program.
    CLICKED = "clicked"
    SCANNED = "scanned"
    ANSWERED = "answered"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"  # An opt-out was taken back.
    CALLED_BACK = "called_back"  # A doctor who asked for a call got it.
