"""Answer the links in messages and letters: `/api/opt-out` stops the messages, `/api/answer` records an answer.

`/stop` and `/api/stop` take the code of a printed letter. GET and HEAD change nothing.
"""

from datetime import datetime
from http import HTTPStatus

from referral_intake.aws.signed_links import Link
from referral_intake.core.callback import InvalidCallback, parse_callback
from referral_intake.core.referral import Answer, Referral
from referral_intake.links import answers, letter_code_page, link_pages, opt_out_page, requests
from referral_intake.links.answers import AnswerPage
from referral_intake.links.wiring import LinkParts
from referral_intake.observability import logs, metrics
from referral_intake.web import form_responses
from referral_intake.web.http import Event, Response

logger = logs.logger()


def respond(event: Event, parts: LinkParts, now: datetime) -> Response:
    """Answer one request. Every exception becomes a response."""
    route = _ROUTES[event["routeKey"].rpartition("/")[2]]
    with logs.log_context(logger, correlation_id=event["requestContext"]["requestId"]):
        return form_responses.with_error_responses(
            form_responses.PageResponses(parts.site, event, now), lambda: route(event, parts, now), logger
        )


def _answer(event: Event, parts: LinkParts, now: datetime) -> Response:
    link = parts.links.read("answer", requests.token(event), now)
    if link is None:
        return _answer_page(event, parts, answers.INVALID)
    given = {} if requests.changes_nothing(event) else requests.chosen(event)
    if given.get("answer") not in set(Answer):
        return _answer_page(event, parts, answers.page_of(_referral(link, parts)), link)
    answer, typed = Answer(given["answer"]), answers.typed_callback(given)
    with logs.log_context(logger, referral=link.receipt):
        try:
            callback = parse_callback(typed) if typed else None
        except InvalidCallback as invalid:
            # Pressing the button recorded the request for a call, so only the details are missing.
            page = answers.page_with_errors(_referral(link, parts), given, invalid.errors)
            return _answer_page(event, parts, page, link)
        campaign = parts.site.campaigns.get(link.campaign)
        page = answers.page_of(parts.referrals.answer(link.receipt, answer, now, callback, campaign))
        logger.info("doctor answered", answer=answer.value)
    if not typed:
        metrics.count("Answers", campaign=link.campaign, reason=answer.value)
    return _answer_page(event, parts, page, link)


def _referral(link: Link, parts: LinkParts) -> Referral | None:
    return parts.referrals.get(link.receipt, consistent=True)


def _answer_page(event: Event, parts: LinkParts, page: AnswerPage, link: Link | None = None) -> Response:
    pages = link_pages.pages(event, parts, link)
    errors = [{"field": error.field, "message": pages.message(error)} for error in page.errors]
    form = {"values": page.values, "errors": errors}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    context = {"state": page.state, "answers": page.answers, "form": form}
    return link_pages.render(event, parts, "answer.html", link, status, **context)


def _letter_code(event: Event, parts: LinkParts, now: datetime) -> Response:
    return letter_code_page.respond(event, parts)


_ROUTES = {"opt-out": opt_out_page.respond, "answer": _answer, "stop": _letter_code}
