"""Responses of the public form: JSON for programs, and pages for browsers that submit the form without JavaScript."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from aws_lambda_powertools import Logger

from referral_intake.core import public_status
from referral_intake.core.errors import Unavailable
from referral_intake.core.milestones import Milestone
from referral_intake.core.referral import Referral, parse_receipt
from referral_intake.core.validation import FieldError
from referral_intake.web import forms, http
from referral_intake.web.http import Event, Problem, Response
from referral_intake.web.pages import Pages, Site


class FormResponses(Protocol):
    def stored(self, referral: Referral, *, is_new: bool) -> Response: ...
    def invalid(self, sent: object, errors: list[FieldError]) -> Response: ...
    def status(self, referral: Referral) -> Response: ...
    def withdrawn(self, referral: Referral) -> Response: ...
    def too_late(self, referral: Referral) -> Response: ...
    def unknown_receipt(self, typed: str) -> Response: ...
    def problem(self, problem: Problem) -> Response: ...


def responses_for(event: Event, site: Site, now: datetime) -> FormResponses:
    """Return the view for a request: pages for a browser without JavaScript or a followed link, otherwise JSON."""
    if http.content_type(event) == forms.MEDIA_TYPE:
        wants_page = http.accepts_html(event) or not http.accepts_json(event)
    else:
        wants_page = http.accepts_html(event) and not event.get("body")
    return PageResponses(site, event, now) if wants_page else JsonResponses(site, now)


def with_error_responses(responses: FormResponses, answer: Callable[[], Response], logger: Logger) -> Response:
    """Convert exceptions to responses, in this one place.

    Internal errors are logged, and the response omits their cause.
    """
    try:
        return answer()
    except Problem as problem:
        return responses.problem(problem)
    except Unavailable:
        logger.exception("a service did not answer")
        return responses.problem(
            Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Please try again in a minute.")
        )
    except Exception:
        logger.exception("unexpected error")
        return responses.problem(
            Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "unavailable", "Please try again in a minute.")
        )


def _status_of(errors: list[FieldError]) -> HTTPStatus:
    conflict = any(error.code == "conflict" for error in errors)
    return HTTPStatus.CONFLICT if conflict else HTTPStatus.UNPROCESSABLE_ENTITY


def _pages_for(site: Site, sent: object, *locales: str | None) -> Pages:
    """Return the pages for a payload of any shape: those of its campaign and locale, if it names them."""
    named = sent if isinstance(sent, Mapping) else {}
    return site.pages(str(named.get("campaign")), str(named.get("locale")), *locales)


def _with_messages(pages: Pages, errors: list[FieldError]) -> list[dict[str, str]]:
    return [{"field": e.field, "code": e.code, "message": pages.message(e)} for e in errors]


class JsonResponses:
    """Return JSON, and problem+json for errors (RFC 9457)."""

    def __init__(self, site: Site, now: datetime) -> None:
        self._site = site
        self._now = now

    def stored(self, referral: Referral, *, is_new: bool) -> Response:
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        status_url = self._site.status_url(referral.receipt)
        state = public_status.public_state(referral, self._now)
        data = {"receipt": referral.receipt, "state": state, "status_url": status_url}
        return http.json_response(status, data, location=status_url)

    def invalid(self, sent: object, errors: list[FieldError]) -> Response:
        errors_in_words = _with_messages(_pages_for(self._site, sent), errors)
        return http.problem_response(_status_of(errors), "invalid", "Some fields are invalid.", errors=errors_in_words)

    def status(self, referral: Referral) -> Response:
        state = public_status.public_state(referral, self._now)
        words = self._site.pages(referral.campaign, referral.locale).text["status"][state]
        submitted_on = referral.submitted_at.date().isoformat()
        data = {"receipt": referral.receipt, "state": state, "message": words["heading"], "submitted_on": submitted_on}
        return http.json_response(HTTPStatus.OK, data)

    def withdrawn(self, referral: Referral) -> Response:
        return self.status(referral)

    def too_late(self, referral: Referral) -> Response:
        """Return the response to a withdrawal after the doctor was contacted."""
        return http.problem_response(HTTPStatus.CONFLICT, "too_late", "The doctor may have been contacted already.")

    def unknown_receipt(self, typed: str) -> Response:
        return http.problem_response(HTTPStatus.NOT_FOUND, "not_found", "There is no referral with this receipt.")

    def problem(self, problem: Problem) -> Response:
        return http.problem_response(problem.status, problem.kind, problem.detail)


class PageResponses:
    """Return pages of the site. A form with errors keeps the values that were typed."""

    def __init__(self, site: Site, event: Event, now: datetime) -> None:
        self._site = site
        self._event = event
        self._now = now

    def stored(self, referral: Referral, *, is_new: bool) -> Response:
        """Redirect to the status page: it can be reloaded and kept, and it stays true."""
        return self._to_status(referral)

    def invalid(self, sent: object, errors: list[FieldError]) -> Response:
        typed = forms.printable_values(sent if isinstance(sent, Mapping) else {})
        pages = _pages_for(self._site, typed, self._language())
        form = {
            "values": typed,
            "errors": _with_messages(pages, errors),
            # A refused submission was not stored, and after a conflict, the next submission is a new referral.
            "submission_id": str(uuid.uuid4()),
            "open": True,
        }
        return http.html_response(_status_of(errors), pages.render("page.html", form=form))

    def status(self, referral: Referral) -> Response:
        return self._status(referral, HTTPStatus.OK)

    def withdrawn(self, referral: Referral) -> Response:
        return self._to_status(referral)

    def too_late(self, referral: Referral) -> Response:
        """Return the status page, which says that the referral can't be withdrawn any more."""
        return self._status(referral, HTTPStatus.CONFLICT, is_too_late=True)

    def unknown_receipt(self, typed: str) -> Response:
        """Return a page on which the receipt can be corrected."""
        kind = "unknown" if parse_receipt(typed) else "invalid" if typed.strip() else "missing"
        pages = self._site.pages(None, self._language())
        html = pages.render("receipt.html", typed=forms.printable(typed), problem=kind)
        return http.html_response(HTTPStatus.NOT_FOUND, html)

    def _to_status(self, referral: Referral) -> Response:
        return http.redirect(self._site.status_path(referral.receipt, http.chosen_language(self._event)))

    def _status(self, referral: Referral, status: HTTPStatus, *, is_too_late: bool = False) -> Response:
        zone = self._site.campaign(referral.campaign).policy.time_zone
        disclosed = public_status.is_disclosed(referral, self._now)
        sent_at = referral.milestones.get(Milestone.SENT) if disclosed else None
        context: dict[str, Any] = {
            "receipt": referral.receipt,
            "status_url": self._site.status_url(referral.receipt),
            "state": public_status.public_state(referral, self._now),
            "submitted_on": referral.submitted_at.astimezone(zone).date(),
            "sent_on": sent_at.astimezone(zone).date() if sent_at else None,
            "shown_from": None if disclosed else public_status.disclosed_at(referral).astimezone(zone),
            "can_withdraw": public_status.can_be_withdrawn(referral, self._now),
            "is_too_late": is_too_late,
        }
        pages = self._site.pages(referral.campaign, http.chosen_language(self._event), referral.locale)
        # The response to a POST has no URL, so there are no links to other languages.
        is_read = self._event["requestContext"]["http"]["method"] != "POST"
        return http.html_response(status, pages.render("status.html", "?lang={locale}" if is_read else "", **context))

    def problem(self, problem: Problem) -> Response:
        pages = self._site.pages(None, self._language())
        return http.html_response(problem.status, pages.render("problem.html", problem=problem.kind))

    def _language(self) -> str | None:
        return http.language(self._event, self._site.campaign(None).locales)
