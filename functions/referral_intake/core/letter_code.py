"""The code on a printed letter. A doctor who can't scan types it to opt out.

It proves that a person has the letter. The receipt does not: the patient has it, too.
"""

from referral_intake.core import typed_codes
from referral_intake.core.referral import RECEIPT_GROUPS
from referral_intake.core.validation import Invalid

# 60 bits. With 100,000 letters, and the 50 requests a second that the API allows, a guess succeeds once in 7,000 years.
# The length also tells it from a receipt, which has four groups.
GROUPS = 3


def make(digest: bytes) -> str:
    return typed_codes.encode(digest, GROUPS)


def parse(typed: str) -> str:
    """Return the code in its normal form. Raise Invalid with the code of the error."""
    if not typed.strip():
        raise Invalid("required")
    code = typed_codes.normalized(typed)
    if typed_codes.has_groups(code, RECEIPT_GROUPS):
        raise Invalid("reference")
    if not typed_codes.has_groups(code, GROUPS):
        raise Invalid("length")
    return code
