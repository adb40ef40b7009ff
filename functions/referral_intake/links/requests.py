"""What a request for a page of the links asks for."""

from referral_intake.core.submission import InvalidSubmission
from referral_intake.web import forms, http
from referral_intake.web.http import Event

# Large enough for a form with one choice. Requests from mail programs are smaller.
MAX_BODY_BYTES = 4096


def token(event: Event) -> str:
    found: str = event.get("queryStringParameters", {}).get("token", "")
    return found


def changes_nothing(event: Event) -> bool:
    return event["requestContext"]["http"]["method"] in {"GET", "HEAD"}


def chosen(event: Event) -> dict[str, str]:
    """Return the choices in the form. Any other body has none, so an opt-out with it stops all messages."""
    # RFC 8058 also allows multipart/form-data. Such a body has no choices.
    if http.content_type(event) != forms.MEDIA_TYPE:
        return {}
    try:
        return dict(forms.pairs(http.body(event, MAX_BODY_BYTES)))
    except InvalidSubmission:
        return {}
