"""Answer the links in messages: `/api/opt-out` stops the messages, `/api/answer` records an answer.

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
from referral_intake.links import answers
from referral_intake.links.answers import AnswerPage
from referral_intake.links.wiring import LinkParts
from referral_intake.observability import logs, metrics
from referral_intake.web import form_responses, forms, http
from referral_intake.web.http import Event, Response
from referral_intake.web.pages import Pages

logger = logs.logger()

# Large enough for a form with one choice. Requests from mail programs are smaller.
MAX_BODY_BYTES = 4096


def respond(event: Event, parts: LinkParts, now: datetime) -> Response:
    """Answer one request. Every exception becomes a response."""
    route = _opt_out if event["routeKey"].endswith("/opt-out") else _answer
    with logs.log_context(logger, correlation_id=event["requestContext"]["requestId"]):
        return form_responses.with_error_responses(
            form_responses.PageResponses(parts.site, event), lambda: route(event, parts, now), logger
        )


def _opt_out(event: Event, parts: LinkParts, now: datetime) -> Response:
    link = parts.links.read("opt-out", _token(event), now)
    if link is None:
        return _page(event, parts, "opt_out.html", "invalid")
    if _changes_nothing(event):
        return _page(event, parts, "opt_out.html", "confirm", link)
    chosen = _chosen(event)
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
    link = parts.links.read("answer", _token(event), now)
    if link is None:
        return _answer_page(event, parts, answers.INVALID)
    given = {} if _changes_nothing(event) else _chosen(event)
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


def _token(event: Event) -> str:
    token: str = event.get("queryStringParameters", {}).get("token", "")
    return token


def _changes_nothing(event: Event) -> bool:
    return event["requestContext"]["http"]["method"] in {"GET", "HEAD"}


def _chosen(event: Event) -> dict[str, str]:
    # RFC 8058 also allows multipart/form-data. Such a body has no choices, so it is ignored.
    return dict(forms.pairs(http.body(event, MAX_BODY_BYTES))) if http.content_type(event) == forms.MEDIA_TYPE else {}


def _page(event: Event, parts: LinkParts, template: str, state: str, link: Link | None = None) -> Response:
    return _rendered(event, parts, template, link, state=state)


def _answer_page(event: Event, parts: LinkParts, page: AnswerPage, link: Link | None = None) -> Response:
    pages = _pages(event, parts, link)
    errors = [{"field": error.field, "message": pages.message(error)} for error in page.errors]
    form = {"values": page.values, "errors": errors}
    response = _rendered(event, parts, "answer.html", link, state=page.state, answers=page.answers, form=form)
    return {**response, "statusCode": HTTPStatus.UNPROCESSABLE_ENTITY.value} if errors else response


def _rendered(event: Event, parts: LinkParts, template: str, link: Link | None, **context: object) -> Response:
    token = _token(event)
    # The result of a POST has no URL, so there are no links to other languages.
    elsewhere = f"?{urlencode({'token': token})}&lang={{locale}}" if link and _changes_nothing(event) else ""
    html = _pages(event, parts, link).render(template, elsewhere, token=token, **context)
    return http.html_response(HTTPStatus.OK if link else HTTPStatus.BAD_REQUEST, html)


def _pages(event: Event, parts: LinkParts, link: Link | None) -> Pages:
    campaign = parts.site.campaign(link.campaign if link else None)
    return parts.site.pages(campaign.name, http.language(event, campaign.locales) or campaign.mail_locale)
