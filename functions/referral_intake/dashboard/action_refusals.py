"""Why an action was refused, in words for the user."""

from referral_intake.core.reasons import Closing, LetterReason
from referral_intake.core.referral import Stage
from referral_intake.core.validation import FieldError
from referral_intake.dashboard.action_runner import ChangedSinceSeen, TooLate

_MESSAGES = {
    "not_offered": "The referral's current state does not allow this.",
    LetterReason.NO_ADDRESS.value: "The postal address is incomplete, so no letter can be posted. Call instead.",
    "nothing_to_take_back": (
        "Nothing was changed: it was taken back already, or it did not come through this referral alone. "
        "Look for the doctor's other referrals."
    ),
    "required": "This field is required.",
    "choice": "Choose one of the options.",
    "campaign_unknown": "This campaign no longer exists. Contact your administrator.",
    "email_domain_unknown": "No address ends like this. Check the part after the last dot.",
    "email_local_ascii": "The part before the @ can't have accented or other non-ASCII letters.",
    "email_syntax": "This is not a valid email address.",
    "too_long": "This is too long.",
    "characters": "This contains invisible characters. Type it again.",
    "link": "This is a link, not an email address.",
}
_AGAIN = "The doctor may already have this message. Confirm that you want to send it again."


def field_error(error: FieldError) -> dict[str, str]:
    message = _AGAIN if error.field == "again" else _MESSAGES.get(error.code, "This value is not valid.")
    return {"field": error.field, "code": error.code, "message": message}


def changed(error: ChangedSinceSeen) -> str:
    what = f"{error.by.by} changed this referral first" if error.by else "This referral has changed"
    return f"{what}. Your action had no effect."


def too_late(error: TooLate) -> str:
    is_joined, is_closed = error.user_action.note == Closing.JOINED, error.referral.stage is Stage.CLOSED
    match is_joined, is_closed:
        case True, True:
            return "This doctor was already contacted through another referral. This referral is closed."
        case True, False:
            return "This doctor is being contacted through another referral. This referral waits for the result."
        case False, True:
            return "This doctor opted out before this was recorded. The referral is closed. Do not write or call."
    return "This doctor may have opted out or been contacted already. The referral needs a review before any contact."
