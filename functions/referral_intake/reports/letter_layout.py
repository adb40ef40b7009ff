"""Lay out letters to doctors without an email address: one page each, as one PDF that is ready to print.

Typst makes the layout, and segno the QR codes. Together they take 80 MB. So they are in the dependency group `letters`
of pyproject.toml, not in every function's package, and only code that prints letters imports this module.
"""

import io
import json
import tomllib
from collections.abc import Mapping, Sequence
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
from referral_intake.core.addressee import template_context
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import AlreadyClaimed, Claim, MustHold, Obstacle, Suppressed
from referral_intake.core.doctor import Doctor
from referral_intake.core.message import Unapproved
from referral_intake.core.reasons import Closing, LetterReason

# In mm. Phones can read 0.4 mm per module from paper. The code for answering is larger, so that it is noticed first.
# The code for opting out contains more data.
ANSWER_MODULE = 0.5
OPT_OUT_MODULE = 0.42
QUIET_ZONE = 4
# Street and suite share a line, as the US Postal Service prefers, if it fits the envelope's window. In characters.
STREET_LINE = 40

LetterPage = dict[str, Any]
"""The content of one page."""


@dataclass(frozen=True, slots=True)
class PrintedLetters:
    """`pdf` has one page for each of `receipts`, in order. It is empty if there are none.

    `left_out` has the reasons for the others, as codes by receipt. `plain_envelopes` are receipts whose address is too
    long for the envelope's window. `version` and `content_hash` identify the wording.
    """

    pdf: bytes
    receipts: tuple[str, ...]
    left_out: Mapping[str, str]
    plain_envelopes: frozenset[str]
    version: str
    content_hash: str


class Claims(Protocol):
    def obstacle(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> Obstacle | None:
        """Return the obstacle to this claim, if any. The read is consistent."""


class Codes(Protocol):
    """`aws.letter_codes` implements it."""

    def code_of(self, receipt: str) -> str: ...

    def store(self, links: Sequence[Link]) -> None: ...


class LetterPrinter:
    """`root` is the templates folder. `site_url` is the URL of the patients' page.

    Without `approved_only`, unapproved wording is printed, too. That is for stacks that send to no real doctors.
    """

    def __init__(
        self, root: Path, links: Links, codes: Codes, site_url: str, claims: Claims, *, approved_only: bool = True
    ) -> None:
        self._root = root
        self._links = links
        self._codes = codes
        self._site_url = site_url
        self._claims = claims
        self._approved_only = approved_only

    def print(self, campaign: Campaign, claims: Sequence[Claim], now: datetime) -> PrintedLetters:
        """Print the letters to doctors who may get one now. Raise Unapproved, Unavailable.

        A doctor gets one letter, because only one referral has reserved the doctor. Printing does not mark a letter as
        sent: a person records that after mailing it.
        """
        wording = content_digests.digests(self._root, _files(self._root, campaign))
        is_approved = set(wording.items()) <= campaign.approval.content and campaign.approval.covers(now.date())
        if self._approved_only and not is_approved:
            raise Unapproved
        version = campaign.approval.version if is_approved else "unapproved"
        sheets: list[LetterPage] = []
        links: list[Link] = []
        left_out: dict[str, str] = {}
        for claim in claims:
            link = Link(claim.keys, campaign.name, claim.referral.receipt, is_printed=True)
            sheet = self._sheet(campaign, claim, link, now, version)
            if reason := self._recipient_obstacle(claim, campaign, now) or self._printing_obstacle(claim, sheet, now):
                left_out[claim.referral.receipt] = reason
                continue
            sheets.append(sheet)
            links.append(link)
        self._codes.store(links)
        return PrintedLetters(
            pdf=self._pdf(sheets, now) if sheets else b"",
            receipts=tuple(sheet["receipt"] for sheet in sheets),
            left_out=left_out,
            plain_envelopes=self._plain_envelopes() if sheets else frozenset(),
            version=version,
            content_hash=content_digests.combined_digest(wording),
        )

    def _recipient_obstacle(self, claim: Claim, campaign: Campaign, now: datetime) -> str | None:
        """Return why the doctor must not get a letter: they got a message, or opted out. Otherwise return None."""
        match self._claims.obstacle(claim, now=now, cooldown=campaign.policy.cooldown):
            case Suppressed(reason) | MustHold(reason):
                return reason.value
            case AlreadyClaimed():
                return Closing.JOINED
        return None

    def _printing_obstacle(self, claim: Claim, sheet: LetterPage, now: datetime) -> str | None:
        """Return why the letter can't be printed, or None. Each is tried alone, so that it can't block the others."""
        if not claim.referral.doctor.address.is_whole:
            return LetterReason.NO_ADDRESS
        try:
            self._pdf([sheet], now)
        except typst.TypstError as error:
            # PDF/UA forbids placeholder boxes, so Typst rejects characters that the font lacks.
            if "could not be displayed with font" in error.message:
                return LetterReason.NOT_IN_FONT
            if LetterReason.TOO_LONG in error.message:
                return LetterReason.TOO_LONG
            raise
        return None

    def _pdf(self, sheets: Sequence[LetterPage], now: datetime) -> bytes:
        inputs = {"letters": json.dumps(sheets, ensure_ascii=False)}
        made = self._typst.compile(
            format="pdf", pdf_standards=["ua-1"], timestamp=int(now.timestamp()), sys_inputs=inputs
        )
        assert isinstance(made, bytes), "a PDF is one file"
        return made

    def _plain_envelopes(self) -> frozenset[str]:
        """Return the receipts of plain envelopes in the PDF that was compiled last."""
        return frozenset(json.loads(self._typst.query("<plain-envelope>", field="value")))

    def _sheet(self, campaign: Campaign, claim: Claim, opt_out: Link, now: datetime, version: str) -> LetterPage:
        receipt = claim.referral.receipt
        today = now.astimezone(campaign.policy.time_zone).date()
        code, short_url = self._codes.code_of(receipt), f"{self._site_url.removeprefix('https://')}/stop"
        words = self._words(
            campaign,
            today=today,
            version=version,
            stop_url=short_url,
            stop_code=code,
            **template_context(claim.referral),
        )
        # The link for an answer names only the referral, so its QR code is small. The link for an opt-out contains the
        # doctor's keys, because it must work even long after the referral was erased.
        answer_url = self._links.answer(Link((), campaign.name, receipt), now)
        opt_out_url = self._links.opt_out(opt_out)
        return {
            **words,
            "language": campaign.mail_locale,
            "receipt": receipt,
            "unbroken": [receipt, code, short_url],
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
        # Escaping is not necessary: Typst gets the text as data, not markup.
        return jinja2.Environment(  # noqa: S701
            loader=jinja2.FileSystemLoader(self._root), undefined=jinja2.StrictUndefined
        )

    @cached_property
    def _typst(self) -> typst.Compiler:
        folder = self._root / "letter"
        # Without system fonts, so that a letter looks the same on every machine.
        fonts = typst.Fonts(include_system_fonts=False, font_paths=[fontpkg_source_sans_3.ROOT / "files"])
        return typst.Compiler(folder / "letter.typ", root=folder, font_paths=fonts, ignore_system_fonts=True)


def address_lines(doctor: Doctor) -> list[str]:
    """Return the lines in the format of the US Postal Service: name, practice, street and suite, city last."""
    address = doctor.address
    street = ", ".join(filter(None, [address.line1, address.line2]))
    streets = [street] if len(street) <= STREET_LINE else [address.line1, address.line2]
    city = f"{address.city}, {address.state} {address.postal_code}"
    return [line for line in (doctor.name, doctor.practice, *streets, city) if line]


def qr_code(url: str, module: float) -> dict[str, Any]:
    """Return a QR code with error correction level M (15%) and its size in mm. Each module is `module` mm wide."""
    code = segno.make(url, error="m", boost_error=False, micro=False)
    drawing = io.BytesIO()
    code.save(drawing, kind="svg", border=QUIET_ZONE, xmldecl=False, omitsize=True)
    modules, _ = code.symbol_size(border=QUIET_ZONE)
    return {"svg": drawing.getvalue().decode(), "millimetres": modules * module, "quiet": QUIET_ZONE * module}


def _points(text: str) -> list[str]:
    """Return the points of a plain-text list, each as one line."""
    return [" ".join(point.split()) for point in text.split("* ") if point.strip()]


def _words_file(campaign: Campaign) -> str:
    return f"campaigns/{campaign.name}/messages/{campaign.mail_locale}/letter.toml"


def _files(root: Path, campaign: Campaign) -> list[Path]:
    """Return every file that the letters are made from."""
    folder = root / "campaigns" / campaign.name
    shared = sorted((folder / "messages" / campaign.mail_locale).glob("_*"))
    return [folder / "campaign.toml", *sorted((root / "letter").iterdir()), *shared, root / _words_file(campaign)]
