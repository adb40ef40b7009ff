"""Answer the links in messages: `/api/opt-out` stops the messages, `/api/answer` records an answer.

Mail scanners follow every link, so GET and HEAD change nothing. A POST needs no previous page and no cookie. To opt
out, it needs no body. It is never answered by a redirect (RFC 8058).
"""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from referral_intake.aws.signed_links import Link
from referral_intake.core.milestones import Milestone
from referral_intake.core.opt_outs import stop_messages
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer
from referral_intake.links.wiring import LinkParts
from referral_intake.observability import logs, metrics
from referral_intake.web import form_responses, forms, http
from referral_intake.web.http import Event, Response

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
    stop_messages(
        parts.suppressions,
        parts.referrals,
        link.keys,
        Closing.OPTED_OUT,
        link.receipt,
        now,
        campaign,
        is_personal=link.is_printed,
    )
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
        return _page(event, parts, "answer.html", "invalid")
    answer = None if _changes_nothing(event) else _chosen(event).get("answer")
    if answer not in set(Answer):
        return _page(event, parts, "answer.html", "ask", link)
    with logs.log_context(logger, referral=link.receipt):
        parts.referrals.answer(link.receipt, Answer(answer), now)
        logger.info("doctor answered", answer=answer)
    metrics.count("Answers", campaign=link.campaign, reason=answer)
    return _page(event, parts, "answer.html", answer, link)


def _token(event: Event) -> str:
    token: str = event.get("queryStringParameters", {}).get("token", "")
    return token


def _changes_nothing(event: Event) -> bool:
    return event["requestContext"]["http"]["method"] in {"GET", "HEAD"}


def _chosen(event: Event) -> dict[str, str]:
    # RFC 8058 also allows multipart/form-data. Such a body has no choices, so it is ignored.
    return dict(forms.pairs(http.body(event, MAX_BODY_BYTES))) if http.content_type(event) == forms.MEDIA_TYPE else {}


def _page(event: Event, parts: LinkParts, template: str, state: str, link: Link | None = None) -> Response:
    campaign = parts.site.campaign(link.campaign if link else None)
    locale = http.language(event, campaign.locales) or campaign.mail_locale
    token = _token(event)
    # The result of a POST has no URL, so there are no links to other languages.
    elsewhere = f"?{urlencode({'token': token})}&lang={{locale}}" if link and _changes_nothing(event) else ""
    html = parts.site.pages(campaign.name, locale).render(template, elsewhere, state=state, token=token)
    return http.html_response(HTTPStatus.OK if link else HTTPStatus.BAD_REQUEST, html)
