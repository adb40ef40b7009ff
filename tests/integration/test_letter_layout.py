"""The printed letter for a doctor without an email address."""

import re
import shutil
import string
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.signed_links import Links
from referral_intake.core.claim import AlreadyClaimed, Claim, Suppressed
from referral_intake.core.message import Unapproved
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral
from referral_intake.reports.letter_layout import LetterPrinter, PrintedLetters
from tests.support.fakes import FakeLetterCodes, ring
from tests.support.printed_page import PrintedPage, printed_pages, without_line_breaks
from tests.support.samples import NOW, TEMPLATES, campaign, referral

LINKS = Links(ring, "https://spine.example")
CODES = FakeLetterCodes()
ADDRESS = {
    "line1": "1200 Park Drive",
    "line2": "Suite 410",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
}
# Window of a #10 envelope on a sheet folded at 3 7/8 in, at any position of the sheet. Only the address is visible.
WINDOW = (-0.125, 2.25, 5.375, 3.625)
# The part that is always visible, less the 1/8 in clearance that the Postal Service requires.
ALWAYS_SHOWN = (1.0, 2.625, 4.25, 3.25)
SECOND_FOLD = 7.75


class FreeDoctors:
    """No doctor has an obstacle, except those in `obstacles`, by receipt."""

    def __init__(self, obstacles: dict[str, AlreadyClaimed | Suppressed] | None = None) -> None:
        self._obstacles = obstacles or {}

    def obstacle(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> AlreadyClaimed | Suppressed | None:
        return self._obstacles.get(claim.referral.receipt)


def by_post(**doctor: Any) -> Referral:
    return referral(**{"email": None, "address": ADDRESS} | doctor)


def printed(
    *referrals: Referral,
    templates: Path = TEMPLATES,
    obstacles: dict[str, AlreadyClaimed | Suppressed] | None = None,
    site_url: str = "https://spine.example",
    now: datetime = NOW,
    **options: bool,
) -> PrintedLetters:
    letters = LetterPrinter(templates, Links(ring, site_url), CODES, site_url, FreeDoctors(obstacles), **options)
    claims = [Claim(one, "introduction", *DoctorHashes(ring).of(one)) for one in referrals]
    return letters.print(campaign(), claims, now)


def page(queued: Referral, **options: Any) -> PrintedPage:
    made = printed(queued, **options)
    assert made.receipts == (queued.receipt,), made.left_out
    [only] = printed_pages(made.pdf)
    return only


@pytest.fixture(scope="module")
def usual() -> Referral:
    return by_post(practice="Springfield Cancer Center", phone="217 555 0123", npi="1234567893")


@pytest.fixture(scope="module")
def sheet(usual: Referral) -> PrintedPage:
    return page(usual)


# ---- Contents ----


def test_the_letter_states_the_sender_the_reason_and_the_opt_out(sheet: PrintedPage, usual: Referral) -> None:
    sender = campaign().sender
    for needed in (
        sender.company,
        sender.postal_address,
        sender.reply_to,
        sender.product_url,
        "promotional",
        "pays for",
    ):
        assert needed in sheet.text
    assert "Dear Dr. Lopez," in sheet.text
    assert "A patient asked us to tell you about the Lumen Spine Lamp" in sheet.text
    assert "November 23, 2026" in sheet.text
    assert "content review 2026-11" in sheet.text
    assert sheet.text.count(usual.receipt) == 2


def test_the_letter_describes_the_device_as_the_messages_do(sheet: PrintedPage) -> None:
    facts = (TEMPLATES / "campaigns/lumen/messages/en/_facts.txt").read_text("utf-8")
    for point in facts.split("* "):
        assert " ".join(point.split()) in sheet.text


def test_the_letter_says_nothing_about_the_patient_except_who_asked(sheet: PrintedPage) -> None:
    assert "We did not ask who they are, or anything about their health" in sheet.text
    by_caregiver = page(replace(by_post(), submitted_by="caregiver"))
    assert "A caregiver asked us to tell you" in by_caregiver.text
    assert "A caregiver read our page" in by_caregiver.text


def test_the_letter_has_the_date_in_the_senders_time_zone() -> None:
    assert "November 22, 2026" in page(by_post(), now=NOW.replace(day=23, hour=3)).text


@pytest.mark.parametrize(
    "name", ["O'Brien-Núñez", "Nguyễn Thị Minh Khai", "Jürgen Müller", "Łukasz Żółć", "Zoë #1 *b* $x$"]
)
def test_a_name_is_printed_as_typed(name: str) -> None:
    made = page(by_post(name=name))
    assert name in made.text_in(*ALWAYS_SHOWN)


@pytest.mark.parametrize("name", ["李小龍", "محمد علي", "Ann 👩‍⚕️", "अमित"])
def test_a_name_with_missing_glyphs_becomes_a_task_and_stops_no_other_letter(name: str) -> None:
    unprintable, other = by_post(name=name), by_post(name="Ana Gomez")
    made = printed(unprintable, other)
    assert made.left_out == {unprintable.receipt: "letters_not_in_font"}
    assert made.receipts == (other.receipt,)
    assert len(printed_pages(made.pdf)) == 1


# ---- QR codes ----


@pytest.mark.parametrize(
    "site_url", ["https://spine.example", "https://learn-about-spinal-metastases.star-ablation-company.example"]
)
def test_a_phone_reads_both_codes_from_the_printed_page(usual: Referral, site_url: str) -> None:
    answer, opt_out = page(usual, site_url=site_url).codes()
    for code, purpose in ((answer, "answer"), (opt_out, "opt-out")):
        prefix, _, token = code.url.partition("?token=")
        assert prefix == f"{site_url}/api/{purpose}"
        link = LINKS.read(purpose, token, NOW)
        assert link is not None
        assert (link.receipt, link.campaign) == (usual.receipt, "lumen")
        assert code.correction == "M"
        assert code.module >= 0.4


def test_the_opt_out_code_identifies_the_doctor_and_never_expires(usual: Referral, sheet: PrintedPage) -> None:
    """It works even if the referral was deleted."""
    answer, opt_out = (code.url.partition("?token=")[2] for code in sheet.codes())
    much_later = NOW + timedelta(days=36_500)
    link = LINKS.read("opt-out", opt_out, much_later)
    assert link is not None
    assert link.keys == DoctorHashes(ring).of(usual)[0]
    assert len(link.keys) == 3
    assert LINKS.read("answer", answer, much_later) is None


def test_the_letter_gives_every_way_to_opt_out(usual: Referral, sheet: PrintedPage) -> None:
    sender = campaign().sender
    code = CODES.code_of(usual.receipt)
    assert "Scan the code" in sheet.text
    assert f"Type the code {code} at spine.example/stop." in sheet.text
    assert f"Write “stop” to {sender.reply_to}, or to our postal address" in sheet.text
    assert f"Call {sender.phone}" in sheet.text
    link = CODES.find(code)
    assert link is not None
    assert link == LINKS.read("opt-out", sheet.codes()[1].url.partition("?token=")[2], NOW)


def test_a_letter_that_is_not_printed_has_no_code() -> None:
    refused = by_post()
    printed(refused, obstacles={refused.receipt: Suppressed(Closing.OPTED_OUT)})
    assert CODES.find(CODES.code_of(refused.receipt)) is None


def test_no_fold_crosses_a_code(sheet: PrintedPage) -> None:
    assert all(code.top > SECOND_FOLD for code in sheet.codes())


# ---- The sheet ----


def test_only_the_address_is_visible_in_the_window(sheet: PrintedPage) -> None:
    address = ["Maria Lopez", "Springfield Cancer Center", "1200 Park Drive, Suite 410", "Springfield, IL 62701"]
    assert sheet.text_in(*ALWAYS_SHOWN).splitlines() == address
    assert sheet.text_in(*WINDOW).splitlines() == address


def test_a_letter_is_one_us_letter_page_with_printable_margins(sheet: PrintedPage) -> None:
    assert (sheet.width, sheet.height) == (8.5, 11)
    left, top, right, bottom = sheet.ink_bounds()
    assert min(left, top, 8.5 - right, 11 - bottom) >= 0.25


def test_the_file_is_accessible_to_screen_readers(usual: Referral) -> None:
    pdf = printed(usual).pdf
    document = pypdfium2.PdfDocument(pdf)
    assert document.is_tagged()
    assert document.get_metadata_dict()["Title"] == "Letters about the Lumen Spine Lamp"
    assert b"pdfuaid" in pdf
    assert re.search(rb"/Lang ?\(en", pdf)


LETTERS = string.ascii_letters + string.digits + " .,'-#/&()áéíñöüßÅŁżễịảЖΩW"


def limited(most: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("W" * most), st.text(LETTERS, max_size=most))


@settings(max_examples=25, deadline=None)
@given(
    name=limited(116),
    practice=limited(160),
    line1=limited(99),
    line2=limited(100),
    city=limited(79),
    is_patient=st.booleans(),
)
@pytest.mark.long
def test_a_letter_with_a_long_address_is_complete_on_one_page(
    name: str, practice: str, line1: str, line2: str, city: str, is_patient: bool
) -> None:
    address = {"line1": f"1{line1}", "line2": line2, "city": f"W{city}", "state": "IL", "postal_code": "62701-1234"}
    queued = by_post(name=f"Ana {name}", practice=practice, address=address)
    queued = replace(queued, submitted_by="patient" if is_patient else "caregiver")
    made = page(queued)
    doctor = queued.doctor
    details = (doctor.name, doctor.practice, doctor.address.line1, doctor.address.line2, doctor.address.city)
    for detail in filter(None, details):
        assert without_line_breaks(detail) in made.text_without_line_breaks
    left, top, right, bottom = made.ink_bounds()
    assert (left >= 0.29, top > 0.5, right <= 7.52, bottom < 10.7) == (True,) * 4
    assert len(made.codes()) == 2


def test_an_address_too_long_for_the_window_is_reported_for_another_envelope(usual: Referral) -> None:
    long = by_post(name="A" * 120, practice="B" * 160)
    made = printed(usual, long)
    assert made.plain_envelopes == {long.receipt}
    assert len(printed_pages(made.pdf)) == 2


# ---- Recipients ----


def test_a_doctor_without_a_complete_postal_address_becomes_a_call_task() -> None:
    by_phone = by_post(phone="217 555 0123", address={})
    made = printed(by_phone)
    assert (made.pdf, made.receipts, made.left_out) == (b"", (), {by_phone.receipt: "no_postal_address"})


@pytest.mark.parametrize("fact", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.BOUNCED])
def test_a_doctor_who_declined_gets_no_letter(fact: Closing) -> None:
    queued = by_post()
    assert printed(queued, obstacles={queued.receipt: Suppressed(fact)}).left_out == {queued.receipt: fact.value}


def test_a_doctor_who_was_mailed_gets_no_letter() -> None:
    queued = by_post()
    made = printed(queued, obstacles={queued.receipt: AlreadyClaimed("K3QF-7ZTA-MM2X-PE5R")})
    assert made.left_out == {queued.receipt: "joined"}


def test_two_doctors_with_one_name_and_zip_code_both_get_a_letter() -> None:
    first, second = by_post(npi="1234567893"), by_post(npi="1003000126")
    assert printed(first, second).receipts == (first.receipt, second.receipt)


# ---- Approved content ----


@pytest.mark.parametrize(
    "file",
    ["letter/letter.typ", "campaigns/lumen/messages/en/letter.toml", "campaigns/lumen/messages/en/_facts.txt"],
)
def test_approved_content_with_one_changed_byte_is_not_printed(tmp_path: Path, file: str) -> None:
    templates = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    with (templates / file).open("a") as stream:
        stream.write("\n")
    with pytest.raises(Unapproved):
        printed(by_post(), templates=templates)
    assert printed(by_post(), templates=templates, approved_only=False).version == "unapproved"


def test_a_change_to_a_message_does_not_block_letters(tmp_path: Path) -> None:
    templates = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    (templates / "campaigns/lumen/messages/en/introduction.txt").write_text("another")
    assert printed(by_post(), templates=templates).version == campaign().approval.version


def test_no_letter_is_printed_after_the_approval_expired() -> None:
    with pytest.raises(Unapproved):
        printed(by_post(), now=datetime.combine(campaign().approval.expires_on, time(12), UTC) + timedelta(days=1))


def test_letters_record_their_content_version() -> None:
    made = printed(by_post())
    assert made.version == campaign().approval.version
    assert re.fullmatch(r"[0-9a-f]{64}", made.content_hash)
    assert made.content_hash == printed(by_post(name="Ana Gomez")).content_hash


def test_an_error_in_the_layout_is_raised_and_not_turned_into_a_task(tmp_path: Path) -> None:
    templates = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    (templates / "letter/letter.typ").write_text("#nonsense")
    with pytest.raises(RuntimeError, match="nonsense"):
        printed(by_post(), templates=templates, approved_only=False)
