"""Answer the links in messages and letters: `/api/opt-out` stops the messages, `/api/answer` records an answer.

`/stop` and `/api/stop` take the code of a printed letter.

Mail scanners follow every link, so GET and HEAD change nothing. A POST needs no previous page and no cookie. To opt
out, it needs no body. It is never answered by a redirect (RFC 8058).
"""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from referral_intake.aws.signed_links import Link
from referral_intake.core.callback import InvalidCallback, parse_callback
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Referral
from referral_intake.links import answers, letter_code_page, requests
from referral_intake.links.answers import AnswerPage
from referral_intake.links.wiring import LinkParts
from referral_intake.observability import logs, metrics
from referral_intake.web import form_responses, http
from referral_intake.web.http import Event, Response
from referral_intake.web.pages import Pages

logger = logs.logger()


def respond(event: Event, parts: LinkParts, now: datetime) -> Response:
    """Answer one request. Every exception becomes a response."""
    route = _ROUTES[event["routeKey"].rpartition("/")[2]]
    with logs.log_context(logger, correlation_id=event["requestContext"]["requestId"]):
        return form_responses.with_error_responses(
            form_responses.PageResponses(parts.site, event, now), lambda: route(event, parts, now), logger
        )


def _opt_out(event: Event, parts: LinkParts, now: datetime) -> Response:
    link = parts.links.read("opt-out", requests.token(event), now)
    if link is None:
        return _page(event, parts, "opt_out.html", "invalid")
    if not link.keys:
        # Nothing could be stored, so nothing may be confirmed.
        page = _page(event, parts, "opt_out.html", "not_recorded", link)
        return {**page, "statusCode": HTTPStatus.BAD_REQUEST.value}
    if requests.changes_nothing(event):
        return _page(event, parts, "opt_out.html", "confirm", link)
    chosen = requests.chosen(event)
    with logs.log_context(logger, referral=link.receipt):
        if chosen.get("undo"):
            _undo(link, parts, now)
            return _page(event, parts, "opt_out.html", "undone", link)
        # The default, for instance for mail programs, is to stop the messages of all campaigns.
        campaign = link.campaign if chosen.get("scope") == "campaign" else None
        _stop(link, campaign, parts, now)
    return _page(event, parts, "opt_out.html", "done", link)


def _stop(link: Link, campaign: str | None, parts: LinkParts, now: datetime) -> None:
    # First the doctor, because only that stops messages. The referral only records it.
    parts.suppressions.suppress(link.keys, Closing.OPTED_OUT, link.receipt, now, campaign, is_personal=link.is_printed)
    parts.referrals.close(link.receipt, Closing.OPTED_OUT, now)
    logger.info("doctor opted out", campaign=campaign or "all")
    metrics.count("OptedOut", campaign=link.campaign)


def _undo(link: Link, parts: LinkParts, now: datetime) -> None:
    parts.suppressions.undo_opt_out(link.keys, link.receipt, now)
    parts.referrals.set_milestone(link.receipt, Milestone.OPTED_IN, now)
    logger.info("doctor undid an opt-out")
    metrics.count("OptOutsUndone", campaign=link.campaign)


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


def _page(event: Event, parts: LinkParts, template: str, state: str, link: Link | None = None) -> Response:
    return _rendered(event, parts, template, link, state=state)


def _answer_page(event: Event, parts: LinkParts, page: AnswerPage, link: Link | None = None) -> Response:
    pages = _pages(event, parts, link)
    errors = [{"field": error.field, "message": pages.message(error)} for error in page.errors]
    form = {"values": page.values, "errors": errors}
    response = _rendered(event, parts, "answer.html", link, state=page.state, answers=page.answers, form=form)
    return {**response, "statusCode": HTTPStatus.UNPROCESSABLE_ENTITY.value} if errors else response


def _rendered(event: Event, parts: LinkParts, template: str, link: Link | None, **context: object) -> Response:
    token = requests.token(event)
    # The result of a POST has no URL, so there are no links to other languages.
    elsewhere = f"?{urlencode({'token': token})}&lang={{locale}}" if link and requests.changes_nothing(event) else ""
    html = _pages(event, parts, link).render(template, elsewhere, token=token, **context)
    return http.html_response(HTTPStatus.OK if link else HTTPStatus.BAD_REQUEST, html)


def _pages(event: Event, parts: LinkParts, link: Link | None) -> Pages:
    campaign = parts.site.campaign(link.campaign if link else None)
    return parts.site.pages(campaign.name, http.language(event, campaign.locales) or campaign.mail_locale)


def _letter_code(event: Event, parts: LinkParts, now: datetime) -> Response:
    return letter_code_page.respond(event, parts)


_ROUTES = {"opt-out": _opt_out, "answer": _answer, "stop": _letter_code}
