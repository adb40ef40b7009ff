"""Render the pages of links in messages, in the language of the doctor."""

from http import HTTPStatus
from urllib.parse import urlencode

from referral_intake.aws.signed_links import Link
from referral_intake.links import requests
from referral_intake.links.wiring import LinkParts
from referral_intake.web import http
from referral_intake.web.http import Event, Response
from referral_intake.web.pages import Pages


def render(
    event: Event,
    parts: LinkParts,
    template: str,
    link: Link | None,
    status: HTTPStatus = HTTPStatus.OK,
    **context: object,
) -> Response:
    """Return the page. Without a valid link, its status is 400."""
    token = requests.token(event)
    # The result of a POST has no URL, so there are no links to other languages.
    elsewhere = f"?{urlencode({'token': token})}&lang={{locale}}" if link and requests.changes_nothing(event) else ""
    html = pages(event, parts, link).render(template, elsewhere, token=token, **context)
    return http.html_response(status if link else HTTPStatus.BAD_REQUEST, html)


def pages(event: Event, parts: LinkParts, link: Link | None) -> Pages:
    campaign = parts.site.campaign(link.campaign if link else None)
    return parts.site.pages(campaign.name, http.language(event, campaign.locales) or campaign.mail_locale)
