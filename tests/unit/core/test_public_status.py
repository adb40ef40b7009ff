"""What the submitter of a referral reads is true in each state."""

import re
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from referral_intake.core.public_status import public_state
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import ContactChannel, Referral, Stage
from tests.support.samples import NOW, TEMPLATES, referral

SUBMITTED = {"submitted": NOW}
SENT = SUBMITTED | {"sent": NOW}
BOUNCED = SENT | {"bounced": NOW}
OTHER = "AAAA-AAAA-AAAA-AAAA"


def close(reason: Closing, **more: Any) -> dict[str, Any]:
    return {"stage": Stage.CLOSED, "reason": reason.value, "due_at": None, **more}


CASES: list[tuple[dict[str, Any], str]] = [
    ({"stage": Stage.QUEUED}, "received"),
    ({"stage": Stage.WAITING, "reason": Reason.PAUSED}, "received"),
    ({"stage": Stage.SENDING}, "received"),
    ({"stage": Stage.HELD, "reason": Reason.HONEYPOT}, "under_review"),
    ({"stage": Stage.HELD, "reason": Reason.POSSIBLY_SAME_DOCTOR}, "under_review"),
    ({"stage": Stage.HELD, "reason": Reason.CONTENT_REFUSED, "milestones": SENT}, "checking"),
    ({"stage": Stage.HELD, "reason": Reason.SEND_UNCLEAR}, "checking"),
    ({"stage": Stage.HELD, "reason": Reason.RESTORED}, "checking"),
    ({"stage": Stage.SENT, "milestones": SENT}, "sent"),
    ({"stage": Stage.SENT, "milestones": SENT, "contact_channel": ContactChannel.LETTER}, "letter_sent"),
    ({"stage": Stage.SENT, "milestones": SENT, "contact_channel": ContactChannel.PHONE}, "called"),
    ({"stage": Stage.QUEUED, "milestones": SENT}, "sent"),
    ({"stage": Stage.WAITING, "milestones": SENT, "reason": Reason.SOFT_BOUNCED}, "sent"),
    ({"stage": Stage.BY_POST, "reason": Reason.NO_EMAIL}, "by_post"),
    ({"stage": Stage.BY_POST, "reason": Reason.EMAIL_BOUNCED, "milestones": BOUNCED}, "by_post"),
    ({"stage": Stage.WAITING, "reason": Reason.JOINED, "leader": OTHER}, "told"),
    (close(Closing.JOINED, leader=OTHER), "told"),
    (close(Closing.OPTED_OUT, milestones=SENT), "finished"),
    (close(Closing.OPTED_OUT), "finished"),
    (close(Closing.COMPLAINED, milestones=SENT), "finished"),
    (close(Closing.ANSWERED, milestones=SENT), "finished"),
    (close(Closing.BOUNCED, milestones=BOUNCED), "unreachable"),
    (close(Closing.REJECTED, milestones=SUBMITTED | {"rejected": NOW}), "unreachable"),
    (close(Closing.REJECTED), "not_contacted"),
    (close(Closing.EXPIRED), "not_contacted"),
    (close(Closing.WITHDRAWN), "withdrawn"),
    (close(Closing.EXPIRED, milestones=SENT), "sent"),
    (close(Closing.EXPIRED, milestones=SENT, contact_channel=ContactChannel.LETTER), "letter_sent"),
    (close(Closing.EXPIRED, milestones=BOUNCED), "unreachable"),
]


def in_state(changes: dict[str, Any]) -> Referral:
    return replace(referral(), **{"milestones": SUBMITTED} | changes)


@pytest.mark.parametrize(("changes", "state"), CASES)
def test_each_state_of_a_referral_has_its_own_sentences(changes: dict[str, Any], state: str) -> None:
    assert public_state(in_state(changes)) == state


# What the heading may and must claim in each state.
CLAIMS = {
    "received": {"en": "will contact", "es": "Nos pondremos en contacto"},
    "under_review": {"en": "is looking at it", "es": "está revisando"},
    "checking": {"en": "is checking the delivery", "es": "revisa el envío"},
    "sent": {"en": "We wrote", "es": "Le escribimos"},
    "letter_sent": {"en": "We sent .* a letter", "es": "Le enviamos una carta"},
    "called": {"en": "We called", "es": "Llamamos"},
    "by_post": {"en": "will send a letter or call", "es": "Enviaremos una carta o llamaremos"},
    "told": {"en": "already", "es": "Ya tenemos una solicitud"},
    "withdrawn": {"en": "took it back", "es": "lo retiró"},
    "finished": {"en": "is done", "es": "Ya terminamos"},
    "unreachable": {"en": "could not reach", "es": "No pudimos comunicarnos"},
    "not_contacted": {"en": "did not contact", "es": "No contactamos"},
}
WROTE = {"en": re.compile(r"We (wrote|sent|called)"), "es": re.compile(r"(?i)le (escribimos|enviamos)|llamamos")}


def sentences(said: dict[str, Any]) -> list[str]:
    return [said["heading"], said["paragraph"], said["undated"], *said.get("next", ())]


# What will happen next is said only in states in which it is certain.
NEXT = {
    "received": {"en": "We contact your doctor", "es": "Avisamos a su médico"},
    "under_review": {"en": "We never tell your doctor who", "es": "Nunca le decimos a su médico quién"},
    "by_post": {"en": "We never tell your doctor who", "es": "Nunca le decimos a su médico quién"},
}


@pytest.mark.parametrize("locale", ["en", "es"])
def test_only_an_open_referral_has_sentences_about_the_future(locale: str) -> None:
    said = texts(locale)
    assert {state for state in said if "next" in said[state]} == NEXT.keys()
    for state, first in NEXT.items():
        assert said[state]["next"][0].startswith(first[locale])


@pytest.mark.parametrize("locale", ["en", "es"])
def test_the_page_that_follows_the_form_says_thank_you(locale: str) -> None:
    thanks = {"en": "Thank you. ", "es": "Gracias. "}[locale]
    said = texts(locale)
    assert {state for state in said if said[state]["heading"].startswith(thanks)} == {"received", "under_review"}


def texts(locale: str) -> dict[str, dict[str, Any]]:
    words = tomllib.loads((TEMPLATES / "site" / "text" / f"{locale}.toml").read_text("utf-8"))["status"]
    return {state: said for state, said in words.items() if isinstance(said, dict)}


@pytest.mark.parametrize("locale", ["en", "es"])
def test_no_sentence_claims_more_than_happened(locale: str) -> None:
    said = texts(locale)
    assert said.keys() == CLAIMS.keys() == {state for _, state in CASES}
    for state, claims in CLAIMS.items():
        assert re.search(claims[locale], said[state]["heading"]), state
        if state in {"received", "under_review", "by_post", "told", "not_contacted", "withdrawn"}:
            assert not WROTE[locale].search(" ".join(sentences(said[state]))), state


@pytest.mark.parametrize("reason", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.ANSWERED])
def test_the_patient_does_not_learn_what_the_doctor_did(reason: Closing) -> None:
    assert public_state(in_state(close(reason, milestones=SENT))) == "finished"


def test_every_stage_and_reason_has_texts() -> None:
    known = texts("en")
    for stage in Stage:
        for reason in (*Closing, *Reason):
            assert public_state(in_state({"stage": stage, "reason": str(reason)})) in known


@pytest.mark.parametrize(("changes", "state"), CASES)
def test_only_what_was_certainly_not_sent_can_be_withdrawn(changes: dict[str, Any], state: str) -> None:
    is_possible = state in {"received", "under_review", "by_post", "told"} and changes["stage"] is not Stage.CLOSED
    is_sending, has_bounced = changes["stage"] is Stage.SENDING, changes.get("milestones") == BOUNCED
    assert in_state(changes).can_be_withdrawn == (is_possible and not is_sending and not has_bounced)
