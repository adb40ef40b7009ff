"""Letters to doctors without an email address: a campaign's words, one page each, as one PDF that is ready to print.

Typst lays them out, segno makes the QR codes. They weigh 80 MB together, so they are not among the packages of every
function but the group `letters` of pyproject.toml, and only who prints letters imports this module.
"""

import io
import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import fontpkg_source_sans_3
import jinja2
import segno
import typst

from referral_intake.aws import content_digests
from referral_intake.aws.signed_links import Link, Links
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import Claim, Suppressed, Taken
from referral_intake.core.doctor import Doctor
from referral_intake.core.message import Unapproved
from referral_intake.core.reasons import Closing, LetterReason

# Phones read 0.4 mm a module from paper. The code for answering is the one to notice; that for stopping says more.
ANSWER_MODULE = 0.5
OPT_OUT_MODULE = 0.42
QUIET_ZONE = 4
# Street and suite stand on one line, as the Postal Service likes it, where that fits the envelope's window.
STREET_LINE = 40

Sheet = dict[str, Any]
"""Everything that stands on one page."""


@dataclass(frozen=True, slots=True)
class Printed:
    """`pdf` has one page for each of `receipts`, in their order; it is empty where there is none.

    `left_out` says of the others why, in a word. An address of `plain_envelopes` is too long for the window.
    `version` and `content_hash` say which wording the letters were made from.
    """

    pdf: bytes
    receipts: tuple[str, ...]
    left_out: Mapping[str, str]
    plain_envelopes: frozenset[str]
    version: str
    content_hash: str


class Claims(Protocol):
    def obstacle(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> Taken | Suppressed | None:
        """What would stand against this claim, by a consistent read now."""


class Letters:
    """`root` is the templates folder; `site_url` is where the patients' page lies.

    Without `approved_only`, wording that nobody approved is printed too: for stacks that no doctor hears from.
    """

    def __init__(self, root: Path, links: Links, site_url: str, claims: Claims, *, approved_only: bool = True) -> None:
        self._root = root
        self._links = links
        self._site_url = site_url
        self._claims = claims
        self._approved_only = approved_only

    def print(
        self, campaign: Campaign, claims: Sequence[Claim], now: datetime, written_to: Collection[str] = ()
    ) -> Printed:
        """The letters to doctors of this campaign who may be written to now; raises Unapproved and Unavailable.

        Doctors known by one of the keys in `written_to` have theirs already. It marks nothing as sent: a letter is sent
        when somebody has put it into an envelope.
        """
        wording = content_digests.digests(self._root, _files(self._root, campaign))
        is_approved = set(wording.items()) <= campaign.approval.content and campaign.approval.covers(now.date())
        if self._approved_only and not is_approved:
            raise Unapproved
        version = campaign.approval.version if is_approved else "unapproved"
        sheets: list[Sheet] = []
        left_out: dict[str, str] = {}
        known = set(written_to)
        for claim in claims:
            sheet = self._sheet(campaign, claim, now, version)
            if reason := self._reason_against(claim, known, campaign, now) or self._unprintable(claim, sheet, now):
                left_out[claim.referral.receipt] = reason
                continue
            sheets.append(sheet)
            known |= set(claim.keys)
        return Printed(
            pdf=self._pdf(sheets, now) if sheets else b"",
            receipts=tuple(sheet["receipt"] for sheet in sheets),
            left_out=left_out,
            plain_envelopes=self._plain_envelopes() if sheets else frozenset(),
            version=version,
            content_hash=content_digests.digest_of(wording),
        )

    def _reason_against(self, claim: Claim, written_to: set[str], campaign: Campaign, now: datetime) -> str | None:
        """Letters are messages too: who was written to, or wants no more of it, gets none."""
        match self._claims.obstacle(claim, now=now, cooldown=campaign.policy.cooldown):
            case Suppressed(reason):
                return reason.value
            case Taken():
                return Closing.JOINED
        return None if written_to.isdisjoint(claim.keys) else Closing.JOINED

    def _unprintable(self, claim: Claim, sheet: Sheet, now: datetime) -> str | None:
        """Each letter is tried alone first: what can't be printed of one must not stop the others."""
        if not claim.referral.doctor.address.is_whole:
            return LetterReason.NO_ADDRESS
        try:
            self._pdf([sheet], now)
        except typst.TypstError as error:
            # PDF/UA allows no boxes in place of letters, so Typst refuses what the font lacks.
            if "could not be displayed with font" in error.message:
                return LetterReason.NOT_IN_FONT
            if LetterReason.TOO_LONG in error.message:
                return LetterReason.TOO_LONG
            raise
        return None

    def _pdf(self, sheets: Sequence[Sheet], now: datetime) -> bytes:
        inputs = {"letters": json.dumps(sheets, ensure_ascii=False)}
        made = self._typst.compile(
            format="pdf", pdf_standards=["ua-1"], timestamp=int(now.timestamp()), sys_inputs=inputs
        )
        assert isinstance(made, bytes), "a PDF is one file"
        return made

    def _plain_envelopes(self) -> frozenset[str]:
        """Of the letters that were made last."""
        return frozenset(json.loads(self._typst.query("<plain-envelope>", field="value")))

    def _sheet(self, campaign: Campaign, claim: Claim, now: datetime, version: str) -> Sheet:
        receipt = claim.referral.receipt
        today = now.astimezone(campaign.policy.time_zone).date()
        words = self._words(campaign, referral=claim.referral, today=today, version=version)
        # An answer concerns the referral alone, which makes its code a coarse one. An opt-out names the doctor's keys
        # itself: it must hold even when the referral was erased long ago.
        answer_url = self._links.answer(Link((), campaign.name, receipt), now)
        opt_out_url = self._links.opt_out(Link(claim.keys, campaign.name, receipt))
        return {
            **words,
            "language": campaign.mail_locale,
            "receipt": receipt,
            "company": campaign.sender.company,
            "postal_address": campaign.sender.postal_address,
            "reply_to": campaign.sender.reply_to,
            "address": address_lines(claim.referral.doctor),
            "facts": _points(words["facts"]),
            "answer": {**words["answer"], "qr": qr_code(answer_url, ANSWER_MODULE)},
            "opt_out": {**words["opt_out"], "qr": qr_code(opt_out_url, OPT_OUT_MODULE)},
        }

    def _words(self, campaign: Campaign, **context: object) -> dict[str, Any]:
        raw = tomllib.loads((self._root / _words_file(campaign)).read_text("utf-8"))
        context |= {"campaign": campaign, "site_url": self._site_url, "months": raw["months"]}

        def filled(part: Any) -> Any:
            if isinstance(part, dict):
                return {name: filled(value) for name, value in part.items()}
            if isinstance(part, list):
                return [filled(value) for value in part]
            return self._environment.from_string(part).render(context)

        words: dict[str, Any] = filled(raw)
        return words

    @cached_property
    def _environment(self) -> jinja2.Environment:
        # Nothing is escaped: Typst gets data, never markup.
        return jinja2.Environment(  # noqa: S701
            loader=jinja2.FileSystemLoader(self._root), undefined=jinja2.StrictUndefined
        )

    @cached_property
    def _typst(self) -> typst.Compiler:
        folder = self._root / "letter"
        # With no font of the machine: a letter looks the same wherever it is made.
        fonts = typst.Fonts(include_system_fonts=False, font_paths=[fontpkg_source_sans_3.ROOT / "files"])
        return typst.Compiler(folder / "letter.typ", root=folder, font_paths=fonts, ignore_system_fonts=True)


def address_lines(doctor: Doctor) -> list[str]:
    """As the Postal Service wants them: who, where they work, street and suite, and the city's line last."""
    address = doctor.address
    street = ", ".join(filter(None, [address.line1, address.line2]))
    streets = [street] if len(street) <= STREET_LINE else [address.line1, address.line2]
    city = f"{address.city}, {address.state} {address.postal_code}"
    return [line for line in (doctor.name, doctor.practice, *streets, city) if line]


def qr_code(url: str, module: float) -> dict[str, Any]:
    """A QR code at error correction M (15 %), with its size on paper in millimetres; a module is `module` wide."""
    code = segno.make(url, error="m", boost_error=False, micro=False)
    drawing = io.BytesIO()
    code.save(drawing, kind="svg", border=QUIET_ZONE, xmldecl=False, omitsize=True)
    modules, _ = code.symbol_size(border=QUIET_ZONE)
    return {"svg": drawing.getvalue().decode(), "millimetres": modules * module, "quiet": QUIET_ZONE * module}


def _points(text: str) -> list[str]:
    """The points of a list in plain text, each on one line."""
    return [" ".join(point.split()) for point in text.split("* ") if point.strip()]


def _words_file(campaign: Campaign) -> str:
    return f"campaigns/{campaign.name}/messages/{campaign.mail_locale}/letter.toml"


def _files(root: Path, campaign: Campaign) -> list[Path]:
    """Every file that the letters are made from."""
    folder = root / "campaigns" / campaign.name
    shared = sorted((folder / "messages" / campaign.mail_locale).glob("_*"))
    return [folder / "campaign.toml", *sorted((root / "letter").iterdir()), *shared, root / _words_file(campaign)]
