"""Render the weekly summary as a message: templates/summary, in the design of messages to doctors."""

from datetime import date
from functools import cached_property
from pathlib import Path

import jinja2

from referral_intake.core.campaign import Campaign
from referral_intake.core.message import Message
from referral_intake.core.overview import SES_REVIEWS
from referral_intake.core.weekly_summary import TASK_KINDS, Summary

MILESTONE_NAMES = {
    "submitted": "Submitted",
    "sent": "Sent to the doctor",
    "delivered": "Delivered",
    "engaged": "Opened or clicked",
    "answered": "Answered",
    "opted_out": "Opted out",
    "bounced": "Bounced",
    "complained": "Complained",
}
TASK_NAMES = {
    "held": "held, to be approved or rejected",
    "failed": "failed, to be tried again",
    "by_post": "to be told by letter or phone",
    "call": "to be called back",
    "information": "to be sent information",
}


class SummaryComposer:
    """`root` is the templates folder. `site_url` is the base URL of the dashboard."""

    def __init__(self, root: Path, site_url: str) -> None:
        self._root = root
        self._site_url = site_url

    def compose(self, campaign: Campaign, summary: Summary, to: str) -> Message:
        dashboard = f"{self._site_url}/dashboard"
        context = {
            "campaign": campaign,
            "summary": summary,
            "period": summary.overview.period,
            "waiting": [(kind, summary.waiting[kind]) for kind in TASK_KINDS if summary.waiting[kind].count],
            "names": MILESTONE_NAMES,
            "waiting_for": TASK_NAMES,
            "reviews": SES_REVIEWS,
            "dashboard": dashboard,
            "query": f"?campaign={campaign.name}",
            "settings_url": f"{dashboard}/settings?campaign={campaign.name}",
        }
        subject, text, html = (
            self._environment.get_template(f"summary/summary.{part}").render(context)
            for part in ("subject.txt", "txt", "html")
        )
        return Message(
            to=to,
            sender_name=campaign.sender.display_name,
            reply_to=campaign.sender.reply_to,
            subject=" ".join(subject.split()),
            text=text,
            html=html,
            # The page where the user turns it off. There is no one-click opt-out, because the page requires a sign-in.
            headers={"List-Unsubscribe": f"<{context['settings_url']}>"},
            tags={"campaign": campaign.name, "kind": "weekly_summary"},
            version="",
            content_hash="",
        )

    @cached_property
    def _environment(self) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._root),
            autoescape=jinja2.select_autoescape(enabled_extensions=["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters |= {"number": _number, "share": _share, "change": _change, "day": _day}
        return environment


def _number(count: float) -> str:
    return f"{count:,.0f}"


def _share(part: float | None, digits: int = 0) -> str:
    return "–" if part is None else f"{part:.{digits}%}"


def _change(difference: int) -> str:
    return "same" if difference == 0 else f"{'+' if difference > 0 else '−'}{abs(difference):,}"


def _day(day: date) -> str:
    return f"{day:%B} {day.day}"
