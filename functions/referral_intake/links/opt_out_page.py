"""The page of the opt-out link: stop messages, and for a short time undo that.

Mail scanners follow every link, so GET and HEAD change nothing. A POST needs no previous page, cookie or body. It is
never answered by a redirect (RFC 8058).
"""

from contextlib import suppress
from datetime import datetime
from http import HTTPStatus

from referral_intake.aws.signed_links import Link
from referral_intake.core import opt_outs
from referral_intake.core.errors import NothingToTakeBack, Unavailable
from referral_intake.core.milestones import Milestone
from referral_intake.core.opt_outs import Scope
from referral_intake.core.reasons import Closing
from referral_intake.links import link_pages, requests
from referral_intake.links.wiring import LinkParts
from referral_intake.observability import logs, metrics
from referral_intake.web.http import Event, Response

logger = logs.logger()

# For a doctor who has opted out before. The link alone can't undo that.
_STOPPED = {
    Scope.NOTHING: "confirm",
    Scope.CAMPAIGN: "stopped_campaign",
    Scope.EVERYTHING: "stopped",
}


def respond(event: Event, parts: LinkParts, now: datetime) -> Response:
    link = parts.links.read("opt-out", requests.token(event), now)
    if link is None:
        return _page(event, parts, "invalid")
    if not link.keys:
        # Nothing could be stored, so nothing may be confirmed.
        return _page(event, parts, "not_recorded", link, HTTPStatus.BAD_REQUEST)
    if requests.changes_nothing(event):
        return _page(event, parts, _STOPPED[_scope(link, parts)], link)
    chosen = requests.chosen(event)
    with logs.log_context(logger, referral=link.receipt):
        if undo := chosen.get("undo"):
            return _undo(event, parts, link, undo, now)
        # The default, for instance for mail programs, is to stop the messages of all campaigns.
        _stop(parts, link, link.campaign if chosen.get("scope") == "campaign" else None, now)
        return _done(event, parts, link, chosen.get("scope"), now)


def _stop(parts: LinkParts, link: Link, campaign: str | None, now: datetime) -> None:
    # First the doctor, because only that stops messages. The referral only records it.
    parts.suppressions.suppress(link.keys, Closing.OPTED_OUT, link.receipt, now, campaign, is_personal=link.is_printed)
    parts.referrals.close(link.receipt, Closing.OPTED_OUT, now)
    logger.info("doctor opted out", campaign=campaign or "all")
    metrics.count("OptedOut", campaign=link.campaign)


def _done(event: Event, parts: LinkParts, link: Link, chosen_scope: str | None, now: datetime) -> Response:
    undo = None
    if chosen_scope:  # Only the page sends it. A mail program or scanner shows no page, so it gets no token.
        with suppress(Unavailable):  # The opt-out is stored, and must be confirmed.
            recorded = opt_outs.undoable(parts.suppressions.opt_outs(link.keys), link.receipt, now)
            undo = parts.links.undo(recorded) if recorded else None
    state = "done_campaign" if chosen_scope == "campaign" else "done"
    return _page(event, parts, state, link, undo=undo)


def _undo(event: Event, parts: LinkParts, link: Link, token: str, now: datetime) -> Response:
    opt_out = parts.links.read_undo(token, link, now)
    with suppress(NothingToTakeBack):
        if opt_out:
            parts.suppressions.undo_opt_out(link.keys, opt_out, now)
            logger.info("doctor undid an opt-out")
            metrics.count("OptOutsUndone", campaign=link.campaign)
    if parts.suppressions.opt_outs(link.keys):
        return _page(event, parts, "not_undone", link, HTTPStatus.CONFLICT)
    # An earlier request may have undone it, for instance the first one of a double click.
    if opt_out:
        parts.referrals.set_milestone(link.receipt, Milestone.OPTED_IN, now)
    return _page(event, parts, "undone", link)


def _scope(link: Link, parts: LinkParts) -> Scope:
    return opt_outs.scope(parts.suppressions.opt_outs(link.keys), link.campaign)


def _page(
    event: Event,
    parts: LinkParts,
    state: str,
    link: Link | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    undo: str | None = None,
) -> Response:
    return link_pages.render(event, parts, "opt_out.html", link, status, state=state, undo=undo)
