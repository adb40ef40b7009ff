"""The messages to doctors."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jinja2
import pytest

from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.signed_links import Links
from referral_intake.core.claim import Claim
from referral_intake.core.message import Message, Unapproved
from referral_intake.core.referral import Referral
from referral_intake.outreach.message_templates import MessageComposer
from tests.support.fakes import ring
from tests.support.samples import NOW, TEMPLATES, campaign, referral

LINKS = Links(ring, "https://spine.example")
# Shared, because it compiles each template once.
COMPOSER = MessageComposer(TEMPLATES, LINKS, "https://spine.example")


def introduction(queued: Referral, templates: Path = TEMPLATES, step: str = "introduction", **options: bool) -> Message:
    keys, retired = DoctorHashes(ring).of(queued)
    is_shared = templates == TEMPLATES and not options
    composer = COMPOSER if is_shared else MessageComposer(templates, LINKS, "https://spine.example", **options)
    return composer.compose(queued, campaign(), Claim(queued, step, keys, retired))


def reminder(queued: Referral) -> Message:
    return introduction(queued, step="reminder_1")


@pytest.mark.parametrize("compose", [introduction, reminder])
@pytest.mark.parametrize("body", ["text", "html"])
def test_both_bodies_state_the_sender_the_reason_and_the_opt_out(
    body: str, compose: Callable[[Referral], Message]
) -> None:
    text = " ".join(getattr(compose(referral()), body).split())
    sender = campaign().sender
    for needed in (sender.company, sender.postal_address, sender.product_url, "promotional", "/api/opt-out?token="):
        assert needed in text


def test_one_click_unsubscribe_follows_rfc_8058() -> None:
    headers = introduction(referral()).headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<https://spine\.example/api/opt-out\?token=[\w.-]+>", headers["List-Unsubscribe"])
    assert len(headers["List-Unsubscribe"]) <= 995


def test_the_link_identifies_the_doctor_and_the_referral_without_an_address() -> None:
    queued = referral(email="marked@clinic.example", npi="1234567893")
    message = introduction(queued)
    token = message.headers["List-Unsubscribe"].partition("token=")[2].rstrip(">")
    read = LINKS.read("opt-out", token, NOW)
    assert read is not None
    assert (read.keys, read.receipt) == (DoctorHashes(ring).of(queued)[0], queued.receipt)
    assert "marked" not in "".join(read.keys)


def test_the_surname_is_escaped_in_html_only() -> None:
    message = introduction(referral(name="Ana O'Brien-Núñez"))
    assert "Dear Dr. O&#39;Brien-Núñez," in message.html
    assert "Dear Dr. O'Brien-Núñez," in message.text


@pytest.mark.parametrize(
    "name", ["<b>Lopez</b> & O'Brien", "Nguyễn Thị Minh Khai", "李小龍", "Pay Now", "evil.zip/login"]
)
def test_a_name_without_a_certain_surname_stays_out_of_the_message(name: str) -> None:
    message = introduction(referral(name=name))
    assert "Dear Doctor," in message.text
    assert "Dear Doctor," in message.html
    assert not [word for word in re.split(r"\W+", name) if len(word) > 2 and word in message.html + message.text]


MARKED = {
    "name": "Namemark Xyz Surnamemark",
    "practice": "Practicemark",
    "specialty": "Specialtymark",
    "email": "addressmark@domainmark.example",
    "phone": "+12175550142",
    "npi": "1548297369",
    "address": {
        "line1": "7 Streetmark",
        "line2": "Suitemark",
        "city": "Citymark",
        "state": "IL",
        "postal_code": "62777",
    },
}


@pytest.mark.parametrize("step", ["introduction", "reminder_1", "information"])
def test_of_everything_typed_a_message_has_only_the_surname(step: str) -> None:
    message = introduction(referral(**MARKED), step=step)
    parts = (message.subject, message.text, message.html, message.sender_name, message.reply_to)
    everything = " ".join((*parts, *message.headers.values(), *message.tags.values()))
    assert set(re.findall(r"\w*mark\b", everything)) == {"Surnamemark"}
    assert not [number for number in ("5550142", "1548297369", "62777") if number in everything]


def test_a_template_cannot_use_the_typed_name(tmp_path: Path) -> None:
    templates = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    (templates / "campaigns/lumen/messages/en/introduction.txt").write_text("{{ referral.doctor.name }}")
    with pytest.raises(jinja2.UndefinedError):
        introduction(referral(), templates, approved_only=False)


def test_a_name_from_the_registry_appears_as_the_registry_writes_it() -> None:
    typed = referral(name="Maria E. Lopez Garcia")
    message = introduction(replace(typed, doctor=replace(typed.doctor, is_from_registry=True)))
    assert "Dear Dr. Maria E. Lopez Garcia," in message.text


def test_the_subject_is_a_single_accurate_line() -> None:
    assert introduction(referral()).subject == "A patient asked us to tell you about the Lumen Spine Lamp"
    by_caregiver = replace(referral(), submitted_by="caregiver")
    assert introduction(by_caregiver).subject.startswith("A caregiver asked us")


def test_tags_hold_no_personal_data_and_only_characters_that_ses_accepts() -> None:
    tags = introduction(referral(name="Marked", email="marked@clinic.example")).tags
    assert set(tags) == {"referral", "campaign", "step", "version", "content_hash"}
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value) for value in tags.values())


def test_a_message_records_its_content_version() -> None:
    message = introduction(referral())
    assert message.version == campaign().approval.version
    assert re.fullmatch(r"[0-9a-f]{64}", message.content_hash)
    assert message.content_hash == introduction(referral(name="Another")).content_hash


def test_the_opt_out_link_is_excluded_from_link_tracking_by_ses() -> None:
    assert re.search(r"<a ses:no-track href=\"https://spine\.example/api/opt-out", introduction(referral()).html)


@pytest.mark.parametrize("body", ["text", "html"])
def test_both_bodies_offer_one_click_answers(body: str) -> None:
    link = re.search(r"https://spine\.example/api/answer\?token=([\w.-]+)", getattr(introduction(referral()), body))
    assert link
    assert LINKS.read("answer", link[1], NOW)


@pytest.mark.parametrize(
    "file",
    ["email/layout.html", "campaigns/lumen/messages/en/introduction.txt", "campaigns/lumen/messages/en/_footer.html"],
)
def test_approved_content_with_one_changed_byte_is_not_sent(tmp_path: Path, file: str) -> None:
    templates = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    with (templates / file).open("a") as stream:
        stream.write(" ")
    with pytest.raises(Unapproved):
        introduction(referral(), templates)
    assert introduction(referral(), templates, approved_only=False).version == "unapproved"


@pytest.mark.parametrize("part", ["subject.txt", "txt", "html"])
def test_changed_material_is_not_sent(tmp_path: Path, part: str) -> None:
    templates = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    (templates / f"campaigns/lumen/messages/en/information.{part}").write_text("changed")
    assert introduction(referral(), templates)
    with pytest.raises(Unapproved):
        introduction(referral(), templates, step="information")


def test_a_change_to_another_step_does_not_block_this_one(tmp_path: Path) -> None:
    templates = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    (templates / "campaigns/lumen/messages/en/reminder.txt").write_text("another")
    assert introduction(referral(), templates).version == campaign().approval.version


@pytest.mark.parametrize("locale", [folder.name for folder in (TEMPLATES / "campaigns/lumen/messages").iterdir()])
@pytest.mark.parametrize("step", ["introduction", "reminder_1", "information"])
def test_a_message_is_complete_in_every_language(locale: str, step: str) -> None:
    queued = referral(name="Maria Lopez")
    keys, retired = DoctorHashes(ring).of(queued)
    messages = MessageComposer(TEMPLATES, LINKS, "https://spine.example")
    message = messages.compose(queued, replace(campaign(), mail_locale=locale), Claim(queued, step, keys, retired))
    sender = campaign().sender
    for body in (message.text, message.html):
        said = " ".join(body.split())
        needed = (sender.company, sender.postal_address, sender.product_url, "Lopez")
        assert [words for words in (*needed, "/api/answer?", "/api/opt-out?") if words not in said] == []
    assert "promo" in message.text
    # One empty line separates paragraphs, and there are never two.
    assert not re.search(r"[.:]\n(?=[A-ZÁÉÍÓÚ][a-z]+ [a-z ]+:\n)", message.text)
    assert "\n\n\n\n" not in message.text
