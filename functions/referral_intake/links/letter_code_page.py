"""The page `/stop`, where a doctor types the code of a printed letter. It leads to the page of the opt-out link.

The code is in the body of the request, so that no log or address bar has it. The page says nothing about any doctor.
"""

from http import HTTPStatus

from referral_intake.core import letter_code
from referral_intake.core.validation import Invalid
from referral_intake.links import requests
from referral_intake.links.wiring import LinkParts
from referral_intake.web import forms, http
from referral_intake.web.http import Event, Response

_FIELD = "code"


def respond(event: Event, parts: LinkParts) -> Response:
    if requests.changes_nothing(event):
        return _page(event, parts)
    typed = requests.chosen(event).get(_FIELD, "")
    try:
        code = letter_code.parse(typed)
    except Invalid as invalid:
        return _page(event, parts, typed, invalid.code)
    link = parts.letter_codes.find(code)
    if link is None:
        return _page(event, parts, typed, "unknown")
    language = http.chosen_language(event)
    return http.redirect(parts.links.opt_out(link) + (f"&lang={language}" if language in _languages(parts) else ""))


def _page(event: Event, parts: LinkParts, typed: str = "", error: str = "") -> Response:
    """Return the page with what was typed, and the code of the error, if there is one."""
    pages = parts.site.pages(None, http.language(event, _languages(parts)))
    shown = forms.printable_values({_FIELD: typed})[_FIELD]
    # The result of a POST has no URL, so there are no links to other languages.
    html = pages.render("stop.html", "" if error else "?lang={locale}", typed=shown, error=error)
    return http.html_response(HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK, html)


def _languages(parts: LinkParts) -> tuple[str, ...]:
    return parts.site.campaign(None).locales
