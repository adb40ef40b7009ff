"""Messages to doctors: a campaign's words, rendered. Each step is three files: subject, text, html."""

import hashlib
from functools import cached_property
from pathlib import Path

import jinja2

from referral_intake.adapters.links import Link, Links
from referral_intake.domain.campaign import Campaign
from referral_intake.domain.message import Message
from referral_intake.domain.outreach import Claim
from referral_intake.domain.referral import Referral

PARTS = ("subject.txt", "txt", "html")


class Messages:
    """`root` is the templates folder; `site_url` is where the patients' page lies."""

    def __init__(self, root: Path, links: Links, site_url: str) -> None:
        self._root = root
        self._links = links
        self._site_url = site_url

    def compose(self, referral: Referral, campaign: Campaign, claim: Claim) -> Message:
        assert referral.doctor.email is not None, "the decision to write is made for doctors with an address"
        link = Link(claim.keys, campaign.name, referral.receipt)
        opt_out_url, answer_url = self._links.opt_out(link), self._links.answer(link, referral.submitted_at)
        subject, text, html = self._render(
            campaign, claim.step, referral=referral, opt_out_url=opt_out_url, answer_url=answer_url
        )
        return Message(
            to=referral.doctor.email,
            sender_name=campaign.sender.display_name,
            reply_to=campaign.sender.reply_to,
            subject=" ".join(subject.split()),
            text=text,
            html=html,
            # RFC 8058: one click in the mail program, no page, no cookie.
            headers={"List-Unsubscribe": f"<{opt_out_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
            tags={"referral": referral.receipt, "campaign": campaign.name, "step": claim.step},
            version=campaign.approval.version,
            content_hash=self.content_hash(campaign, claim.step),
        )

    def content_hash(self, campaign: Campaign, step: str) -> str:
        """A digest of every file that this step's message is made from."""
        folder = self._root / "campaigns" / campaign.name
        files = [folder / "campaign.toml", *sorted((self._root / "email").iterdir())]
        files += [self._root / name for name in _names(campaign, step)]
        digest = hashlib.sha256()
        for file in files:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()

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
            # Plain text is not HTML: "O'Brien" stays as it is there.
            autoescape=jinja2.select_autoescape(enabled_extensions=["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )


def _names(campaign: Campaign, step: str) -> list[str]:
    return [f"campaigns/{campaign.name}/messages/{campaign.mail_locale}/{step}.{part}" for part in PARTS]
