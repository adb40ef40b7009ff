"""What the submitter of a referral reads is true in each state."""

import re
import tomllib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from referral_intake.core.public_status import can_be_withdrawn, disclosed_at, public_state, withdrawal_move
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import ContactChannel, Referral, Stage, close
from tests.support.samples import NOW, TEMPLATES, referral

SUBMITTED = {"submitted": NOW}
SENT = SUBMITTED | {"sent": NOW}
BOUNCED = SENT | {"bounced": NOW}
WITHDRAWN = SUBMITTED | {"withdrawn": NOW}
OTHER = "AAAA-AAAA-AAAA-AAAA"
DISCLOSED = NOW + timedelta(days=1, minutes=1)


def closed(reason: Closing, **more: Any) -> dict[str, Any]:
    return {"stage": Stage.CLOSED, "reason": reason.value, "due_at": None, **more}


CASES: list[tuple[dict[str, Any], str]] = [
    ({"stage": Stage.QUEUED}, "in_progress"),
    ({"stage": Stage.WAITING, "reason": Reason.PAUSED}, "in_progress"),
    ({"stage": Stage.SENDING}, "in_progress"),
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
    (closed(Closing.JOINED, leader=OTHER), "told"),
    (closed(Closing.OPTED_OUT, milestones=SENT), "finished"),
    (closed(Closing.OPTED_OUT), "finished"),
    (closed(Closing.COMPLAINED, milestones=SENT), "finished"),
    (closed(Closing.ANSWERED, milestones=SENT), "finished"),
    (closed(Closing.BOUNCED, milestones=BOUNCED), "unreachable"),
    (closed(Closing.REJECTED, milestones=SUBMITTED | {"rejected": NOW}), "unreachable"),
    (closed(Closing.REJECTED), "not_contacted"),
    (closed(Closing.EXPIRED), "not_contacted"),
    (closed(Closing.WITHDRAWN), "withdrawn"),
    (closed(Closing.EXPIRED, milestones=SENT), "sent"),
    (closed(Closing.EXPIRED, milestones=SENT, contact_channel=ContactChannel.LETTER), "letter_sent"),
    (closed(Closing.EXPIRED, milestones=BOUNCED), "unreachable"),
    ({"stage": Stage.QUEUED, "milestones": WITHDRAWN}, "withdrawn"),
    (closed(Closing.OPTED_OUT, milestones=WITHDRAWN), "withdrawn"),
    (closed(Closing.WITHDRAWN, milestones=WITHDRAWN | BOUNCED), "unreachable"),
    ({"stage": Stage.SENT, "milestones": WITHDRAWN | SENT}, "sent"),
    (closed(Closing.ANSWERED, milestones=WITHDRAWN | SENT), "finished"),
]


def in_state(changes: dict[str, Any]) -> Referral:
    return replace(referral(), **{"milestones": SUBMITTED} | changes)


@pytest.mark.parametrize(("changes", "state"), CASES)
def test_each_state_of_a_referral_has_its_own_sentences(changes: dict[str, Any], state: str) -> None:
    assert public_state(in_state(changes), DISCLOSED) == state


# ---- The first day ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [changes for changes, _ in CASES], ids=str)
def test_for_a_day_the_status_is_the_same_whatever_became_of_the_referral(changes: dict[str, Any]) -> None:
    referral = in_state(changes)
    withdrawn = "withdrawn" in referral.milestones or referral.reason == "withdrawn"
    for now in (NOW, NOW + timedelta(hours=12), NOW + timedelta(days=1) - timedelta.resolution):
        assert public_state(referral, now) == ("withdrawn" if withdrawn else "received")
        assert can_be_withdrawn(referral, now) is not withdrawn


@pytest.mark.parametrize(("seconds", "minute"), [(0, 31), (1, 31), (59.999, 31)])
def test_the_first_day_ends_with_the_minute_that_the_page_names(seconds: float, minute: int) -> None:
    submitted = replace(referral(), milestones={"submitted": NOW + timedelta(seconds=seconds)})
    at = datetime(NOW.year, NOW.month, NOW.day + 1, NOW.hour, minute, tzinfo=NOW.tzinfo)
    assert disclosed_at(submitted) == at
    assert public_state(submitted, at - timedelta.resolution) == "received"
    assert public_state(submitted, at) == "in_progress"


@pytest.mark.parametrize(("changes", "state"), CASES)
def test_a_withdrawal_closes_what_was_certainly_not_sent(changes: dict[str, Any], state: str) -> None:
    referral = in_state(changes)
    unsent = {"in_progress", "under_review", "by_post", "told", "not_contacted", "withdrawn"}
    is_refused = "rejected" in referral.milestones
    is_possible = (state in unsent or is_refused) and referral.stage is not Stage.SENDING
    is_stronger = referral.reason in {Closing.OPTED_OUT, Closing.WITHDRAWN}
    expected = close(Closing.WITHDRAWN) if is_possible and not is_stronger else None
    assert withdrawal_move(referral) == expected


# ---- Texts -----------------------------------------------------------------------------------------------------------


# What the heading may and must claim in each state.
CLAIMS = {
    "received": {"en": "We have your request", "es": "Recibimos su solicitud"},
    "in_progress": {"en": "will contact", "es": "Nos pondremos en contacto"},
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
    names = ("heading", "early", "paragraph", "undated")
    return [*(said[name] for name in names if name in said), *said.get("next", ())]


# What will happen next is said only in states in which it is certain.
NEXT = {
    "received": {"en": "If we contact your doctor", "es": "Si contactamos a su médico"},
    "in_progress": {"en": "We contact your doctor", "es": "Avisamos a su médico"},
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
    assert {state for state in said if said[state]["heading"].startswith(thanks)} == {"received"}


@pytest.mark.parametrize("locale", ["en", "es"])
def test_the_texts_of_the_first_day_are_true_in_every_state(locale: str) -> None:
    """They name no stage, and say from when on the page does."""
    said = {state: words for state, words in texts(locale).items() if "early" in words}
    assert said.keys() == {"received", "withdrawn"}
    for words in said.values():
        assert "{shown_from}" in words["early"]
    certain = {"en": r"We (will )?contact(ed)?\b|wrote|sent", "es": r"Avisamos|Nos pondremos|Le enviamos|escribimos"}
    received = " ".join(sentences(said["received"]))
    conditional = {"en": "If we contact your doctor", "es": "Si contactamos a su médico"}[locale]
    assert conditional in received
    assert not re.search(certain[locale], received.replace(conditional, ""))


def all_texts(locale: str) -> dict[str, Any]:
    return tomllib.loads((TEMPLATES / "site" / "text" / f"{locale}.toml").read_text("utf-8"))


def texts(locale: str) -> dict[str, dict[str, Any]]:
    return {state: said for state, said in all_texts(locale)["status"].items() if isinstance(said, dict)}


@pytest.mark.parametrize("locale", ["en", "es"])
def test_no_sentence_claims_more_than_happened(locale: str) -> None:
    said = texts(locale)
    assert said.keys() == CLAIMS.keys() == {"received", *(state for _, state in CASES)}
    for state, claims in CLAIMS.items():
        assert re.search(claims[locale], said[state]["heading"]), state
        if state in {"received", "in_progress", "under_review", "by_post", "told", "not_contacted", "withdrawn"}:
            assert not WROTE[locale].search(" ".join(sentences(said[state]))), state


@pytest.mark.parametrize("locale", ["en", "es"])
def test_a_withdrawal_promises_nothing_about_the_forms_of_other_people(locale: str) -> None:
    """The doctor may have been told through another referral."""
    because = {"en": "because of this form", "es": "por este formulario"}[locale]
    withdrawn, offer = texts(locale)["withdrawn"], all_texts(locale)["withdrawal"]["paragraph"]
    assert all(because in said for said in (withdrawn["early"], withdrawn["paragraph"], offer))


@pytest.mark.parametrize("reason", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.ANSWERED])
def test_the_patient_does_not_learn_what_the_doctor_did(reason: Closing) -> None:
    assert public_state(in_state(closed(reason, milestones=SENT)), DISCLOSED) == "finished"


def test_every_stage_and_reason_has_texts() -> None:
    known = texts("en")
    for stage in Stage:
        for reason in (*Closing, *Reason):
            assert public_state(in_state({"stage": stage, "reason": str(reason)}), DISCLOSED) in known


@pytest.mark.parametrize(("changes", "state"), CASES)
def test_after_the_first_day_only_what_was_certainly_not_sent_can_be_withdrawn(
    changes: dict[str, Any], state: str
) -> None:
    is_possible = state in {"in_progress", "under_review", "by_post", "told"} and changes["stage"] is not Stage.CLOSED
    is_sending, has_bounced = changes["stage"] is Stage.SENDING, changes.get("milestones") == BOUNCED
    assert can_be_withdrawn(in_state(changes), DISCLOSED) == (is_possible and not is_sending and not has_bounced)
