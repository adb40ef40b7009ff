"""Render messages to doctors from a campaign's texts. Each step has three files: subject, text, html."""

from functools import cached_property
from pathlib import Path

import jinja2

from referral_intake.aws import content_digests
from referral_intake.aws.signed_links import Link, Links
from referral_intake.core.addressee import template_context
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import Claim
from referral_intake.core.message import Message, Unapproved
from referral_intake.core.referral import Referral
from referral_intake.core.steps import MESSAGE_PARTS, template_name


class MessageComposer:
    """`root` is the templates folder. `site_url` is the URL of the patients' page.

    Without `approved_only`, unapproved wording is rendered, too. That is for stacks that send to no real doctors.
    """

    def __init__(self, root: Path, links: Links, site_url: str, *, approved_only: bool = True) -> None:
        self._approved_only = approved_only
        self._root = root
        self._links = links
        self._site_url = site_url

    def compose(self, referral: Referral, campaign: Campaign, claim: Claim) -> Message:
        assert referral.doctor.email is not None, "a message needs an email address"
        wording = content_digests.digests(self._root, _files(self._root, campaign, claim.step))
        is_approved = set(wording.items()) <= campaign.approval.content
        if self._approved_only and not is_approved:
            raise Unapproved
        link = Link(claim.keys, campaign.name, referral.receipt)
        opt_out_url, answer_url = self._links.opt_out(link), self._links.answer(link, referral.submitted_at)
        subject, text, html = self._render(
            campaign, claim.step, opt_out_url=opt_out_url, answer_url=answer_url, **template_context(referral)
        )
        # The tags say which wording the message has. They are in the events of SES, in case its answer is lost.
        version = campaign.approval.version if is_approved else "unapproved"
        content_hash = content_digests.combined_digest(wording)
        return Message(
            to=referral.doctor.email,
            sender_name=campaign.sender.display_name,
            reply_to=campaign.sender.reply_to,
            subject=" ".join(subject.split()),
            text=text,
            html=html,
            # RFC 8058: one-click opt-out in the mail program, without a page or a cookie.
            headers={"List-Unsubscribe": f"<{opt_out_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
            tags={
                "referral": referral.receipt,
                "campaign": campaign.name,
                "step": claim.step,
                "version": version,
                "content_hash": content_hash,
            },
            version=version,
            content_hash=content_hash,
        )

    def _render(self, campaign: Campaign, step: str, **context: object) -> tuple[str, str, str]:
        subject, text, html = (
            self._environment.get_template(name).render(campaign=campaign, site_url=self._site_url, **context)
            for name in _names(campaign, step)
        )
        return subject, text, html

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._root),
            # Plain text is not HTML, so "O'Brien" must not be escaped there.
            autoescape=jinja2.select_autoescape(enabled_extensions=["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )


def _names(campaign: Campaign, step: str) -> list[str]:
    return [
        f"campaigns/{campaign.name}/messages/{campaign.mail_locale}/{template_name(step)}.{part}"
        for part in MESSAGE_PARTS
    ]


def _files(root: Path, campaign: Campaign, step: str) -> list[Path]:
    """Return every file that this step's message is made from."""
    folder = root / "campaigns" / campaign.name
    shared = sorted((folder / "messages" / campaign.mail_locale).glob("_*"))
    return [folder / "campaign.toml", *sorted((root / "email").iterdir()), *shared] + [
        root / name for name in _names(campaign, step)
    ]
