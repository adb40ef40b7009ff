"""The page `/stop`, where a doctor types the code of a printed letter. It leads to the page of the opt-out link.

The code is in the body of the request, so that no log or address bar has it. The page says nothing about any doctor.
"""

from http import HTTPStatus

from referral_intake.core import letter_code
from referral_intake.core.validation import FieldError, Invalid
from referral_intake.links import requests
from referral_intake.links.wiring import LinkParts
from referral_intake.web import forms, http
from referral_intake.web.http import Event, Response

_FIELD = "code"


def respond(event: Event, parts: LinkParts) -> Response:
    if requests.changes_nothing(event):
        return _page(event, parts, HTTPStatus.OK, "")
    typed = requests.chosen(event).get(_FIELD, "")
    try:
        link = parts.letter_codes.find(letter_code.parse(typed))
        if link is None:
            raise Invalid("unknown")
    except Invalid as invalid:
        return _page(event, parts, HTTPStatus.UNPROCESSABLE_ENTITY, typed, FieldError(_FIELD, invalid.code))
    language = http.chosen_language(event)
    return http.see_other(parts.links.opt_out(link) + (f"&lang={language}" if language in _languages(parts) else ""))


def _page(event: Event, parts: LinkParts, status: HTTPStatus, typed: str, *errors: FieldError) -> Response:
    pages = parts.site.pages(None, http.language(event, _languages(parts)))
    form = {
        "values": forms.printable_values({_FIELD: typed}),
        "errors": [{"field": error.field, "message": pages.message(error)} for error in errors],
    }
    # The result of a POST has no URL, so there are no links to other languages.
    return http.html_response(status, pages.render("stop.html", "" if errors else "?lang={locale}", form=form))


def _languages(parts: LinkParts) -> tuple[str, ...]:
    return parts.site.campaign(None).locales
