"""The door for doctors: `GET /api/opt-out` shows a page, `POST /api/opt-out` stops the messages.

Mail scanners follow every link, so nothing changes on GET. The POST needs no page before it, no cookie and no body, and
is never answered by a redirect (RFC 8058).
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake import wiring
from referral_intake.adapters.links import OptOut
from referral_intake.domain.referral import Closing
from referral_intake.handlers import http, views
from referral_intake.handlers.http import Event, Response
from referral_intake.wiring import LinkParts

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response:
    return respond(event, wiring.links(), datetime.now(UTC))


def respond(event: Event, parts: LinkParts, now: datetime) -> Response:
    return views.guarded(views.PageView(parts.site), lambda: _opt_out(event, parts, now), logger)


def _opt_out(event: Event, parts: LinkParts, now: datetime) -> Response:
    token = event.get("queryStringParameters", {}).get("token", "")
    opt_out = parts.links.read_opt_out(token)
    if opt_out is None:
        return _page(parts, HTTPStatus.BAD_REQUEST, "invalid")
    if event["requestContext"]["http"]["method"] == "GET":
        return _page(parts, HTTPStatus.OK, "confirm", opt_out, token)
    _record(opt_out, parts, now)
    return _page(parts, HTTPStatus.OK, "done", opt_out)


def _record(opt_out: OptOut, parts: LinkParts, now: datetime) -> None:
    # The doctor first: this alone stops mail. The referral only tells of it.
    for key in opt_out.keys:
        parts.suppressions.suppress(key, Closing.OPTED_OUT, now)
    parts.referrals.close(opt_out.receipt, Closing.OPTED_OUT, now)
    logger.info("doctor opted out", referral=opt_out.receipt, campaign=opt_out.campaign)


def _page(parts: LinkParts, status: HTTPStatus, state: str, opt_out: OptOut | None = None, token: str = "") -> Response:
    pages = parts.site.pages_for({"campaign": opt_out.campaign} if opt_out else {})
    return http.page(status, pages.render("opt_out.html", state=state, token=token))
