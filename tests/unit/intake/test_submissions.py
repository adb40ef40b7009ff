"""Requests to the handler for the public form."""

import json
import re
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.decisions import REVIEW_INTERVAL, approve
from referral_intake.core.errors import Unavailable
from referral_intake.core.referral import Referral, Stage
from referral_intake.intake import submissions
from referral_intake.intake.bot_detection import binding_of
from referral_intake.web.pages import Site
from tests.support import events, proofs
from tests.support.fakes import FakeTable
from tests.support.html import Html
from tests.support.samples import CAMPAIGNS, NOW, TEMPLATES, doctor, payload

SITE = Site(TEMPLATES, "https://spine.example", CAMPAIGNS)
FORM = {
    "campaign": "lumen",
    "locale": "en",
    "submitted_by": "patient",
    "doctor.name": "Maria Lopez",
    "doctor.email": "maria@clinic.example",
    "doctor.phone": "",
    "doctor.address.state": "",
}


class IntakeInMemory:
    """Intake with a table in memory."""

    def __init__(self) -> None:
        self.table = FakeTable()

    def __call__(self, event: dict[str, Any], now: datetime = NOW) -> dict[str, Any]:
        return submissions.respond(event, proofs.intake(self.table, SITE), now)


def answer(event: dict[str, Any]) -> dict[str, Any]:
    return IntakeInMemory()(event)


def problem(event: dict[str, Any], status: int) -> dict[str, Any]:
    response = answer(event)
    assert response["statusCode"] == status
    assert response["headers"]["content-type"] == "application/problem+json"
    said: dict[str, Any] = json.loads(response["body"])
    assert said["status"] == status
    return said


def test_a_submission_gets_a_receipt_and_a_status_link() -> None:
    response = answer(events.post_json(payload()))
    said = json.loads(response["body"])
    assert response["statusCode"] == 201
    assert set(said) == {"receipt", "state", "status_url"}
    assert said["status_url"] == f"https://spine.example/api/referrals/{said['receipt']}"


def test_a_repeated_submission_gets_the_same_answer_with_200() -> None:
    intake, event = IntakeInMemory(), events.post_json(payload())
    first, again = intake(event), intake(event)
    assert (first["statusCode"], again["statusCode"]) == (201, 200)
    assert first["body"] == again["body"]
    assert len(intake.table.referrals) == 1


def test_the_same_id_with_other_content_is_a_conflict() -> None:
    intake, sent = IntakeInMemory(), payload()
    intake(events.post_json(sent))
    response = intake(events.post_json(sent | {"submitted_by": "caregiver"}))
    assert response["statusCode"] == 409
    assert json.loads(response["body"])["errors"][0]["code"] == "conflict"


def challenge_for(sent: dict[str, Any], now: datetime = NOW, intake: IntakeInMemory | None = None) -> dict[str, Any]:
    binding = binding_of(uuid.UUID(sent["submission_id"]))
    response = (intake or IntakeInMemory())(events.get_challenge(binding), now)
    assert response["statusCode"] == 200
    given: dict[str, Any] = json.loads(response["body"])
    return given


def test_a_solved_challenge_lets_the_submission_proceed() -> None:
    intake, sent = IntakeInMemory(), payload()
    given = challenge_for(sent)
    assert (given["wait_seconds"], given["lasts_seconds"]) == (3, 3600)
    later = NOW + timedelta(seconds=given["wait_seconds"])
    response = intake(events.post_json(sent | {"challenge": proofs.solve(given["challenge"])}), later)
    [referral] = intake.table.referrals.values()
    assert (referral.stage, referral.reason) == (Stage.QUEUED, None)
    assert json.loads(response["body"])["state"] == "received"


def held_because(sent: dict[str, Any], now: datetime = NOW) -> str | None:
    """Reason for which a submission was held. The response is the same as for any other."""
    intake = IntakeInMemory()
    response = intake(events.post_json(sent), now)
    assert response["statusCode"] == 201
    [referral] = intake.table.referrals.values()
    said = json.loads(response["body"])
    assert (referral.stage, said["state"]) == (Stage.HELD, "received")
    assert referral.due_at == now + REVIEW_INTERVAL
    return referral.reason


def test_a_submission_without_a_challenge_is_held_and_not_lost() -> None:
    assert held_because(payload()) == "unproven"


@pytest.mark.parametrize("sent", ["", "nonsense", 7, True, [], {}, {"a": 1}, "e30=", "W10=", "\ud800", "é" * 999])
def test_an_invalid_challenge_is_held(sent: object) -> None:
    assert held_because(payload(challenge=sent)) == "unproven"


def test_a_challenge_for_another_submission_is_held() -> None:
    other = proofs.with_proof(payload())
    assert held_because(payload(challenge=other["challenge"])) == "unproven"


def test_an_expired_challenge_is_held() -> None:
    assert held_because(proofs.with_proof(payload(), issued_at=NOW - timedelta(hours=1, seconds=1))) == "unproven"


def test_a_submission_faster_than_a_person_can_type_is_held() -> None:
    assert held_because(proofs.with_proof(payload(), issued_at=NOW - timedelta(seconds=2.9))) == "too_fast"


@pytest.mark.parametrize(
    ("headers", "is_held"),
    [
        ({"sec_fetch_site": "cross-site", "origin": "https://page.attacker.example"}, True),
        ({"sec_fetch_site": "cross-site"}, True),
        ({"origin": "https://page.attacker.example"}, True),
        ({"origin": "null"}, True),
        ({"sec_fetch_site": "same-origin", "origin": SITE.url}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"origin": SITE.url}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_form_sent_by_a_page_of_another_site_is_held(headers: dict[str, str], is_held: bool) -> None:
    intake = IntakeInMemory()
    assert intake(events.post_json(proofs.with_proof(payload()), **headers))["statusCode"] == 201
    (stored,) = intake.table.referrals.values()
    assert stored.reason == ("cross_site" if is_held else None)


@pytest.mark.parametrize("filled", ["Buy now: https://marked.example", 7, ["marked"], {"x": 1}, "\x00", "x" * 9999])
def test_any_value_in_the_honeypot_field_is_held(filled: object) -> None:
    assert held_because(proofs.with_proof(payload(comments=filled))) == "trap"


def test_the_value_of_the_honeypot_field_is_not_stored() -> None:
    intake = IntakeInMemory()
    intake(events.post_json(proofs.with_proof(payload(comments="marked"))))
    assert "marked" not in repr(intake.table.referrals)


def test_a_repeated_submission_with_another_solution_is_the_same_referral() -> None:
    intake, sent = IntakeInMemory(), payload()
    answers = [intake(events.post_json(proofs.with_proof(sent))) for _ in range(2)]
    assert [answer["statusCode"] for answer in answers] == [201, 200]
    assert len(intake.table.referrals) == 1


def test_a_later_solution_does_not_release_a_held_referral() -> None:
    intake, sent = IntakeInMemory(), payload()
    intake(events.post_json(sent))
    again = intake(events.post_json(proofs.with_proof(sent)))
    assert (again["statusCode"], json.loads(again["body"])["state"]) == (200, "received")
    [referral] = intake.table.referrals.values()
    assert referral.stage == Stage.HELD


def test_one_solved_challenge_makes_one_referral_even_if_sent_repeatedly() -> None:
    intake, sent = IntakeInMemory(), proofs.with_proof(payload())
    for _ in range(3):
        intake(events.post_json(sent))
    assert intake(events.post_json(sent | {"submitted_by": "caregiver"}))["statusCode"] == 409
    assert len(intake.table.referrals) == 1


def test_a_referral_approved_by_a_person_proceeds() -> None:
    intake = IntakeInMemory()
    intake(events.post_json(payload()))
    [referral] = intake.table.referrals.values()
    intake.table.move(referral, approve(NOW))
    assert intake.table.referrals[referral.receipt].stage == Stage.QUEUED


@pytest.mark.parametrize("binding", ["", "x", "A" * 64, "0" * 63, "0" * 65, "d0af1bc6-0278-464c-8082-ac8d1a69e6c7"])
def test_a_challenge_request_without_a_valid_binding_is_a_400(binding: str) -> None:
    problem(events.get_challenge(binding), 400)


def test_a_challenge_is_not_stored() -> None:
    intake = IntakeInMemory()
    challenge_for(payload(), intake=intake)
    assert intake.table.referrals == {}
    assert intake(events.get_challenge("0" * 64))["headers"]["cache-control"] == "no-store"


def test_a_refusal_names_every_field_with_a_message_for_patients() -> None:
    said = problem(events.post_json(payload(doctor={"email": "maria"})), 422)
    assert [(error["field"], error["code"]) for error in said["errors"]] == [
        ("doctor.name", "required"),
        ("doctor.email", "email_syntax"),
    ]
    assert all(error["message"].endswith(".") for error in said["errors"])


@pytest.mark.parametrize(
    "body", ["", "{", "NaN", '{"a": NaN}', '{"a": -Infinity}', "[" * 5000, "9" * 5000, "\ufeff{}", '"\udcff"']
)
def test_malformed_json_is_a_400(body: str) -> None:
    problem(events.post_json(body), 400)


@pytest.mark.parametrize("body", ["null", "[]", '"text"', "7", "true", '{"doctor": []}', '{"\\ud800": 1}'])
def test_json_that_is_not_an_object_is_a_422(body: str) -> None:
    assert problem(events.post_json(body), 422)["errors"]


def test_a_body_over_16_kb_is_a_413() -> None:
    problem(events.post_json(" " * (16 * 1024 + 1)), 413)
    assert answer(events.post_json(json.dumps(payload()).ljust(16 * 1024)))["statusCode"] == 201


@pytest.mark.parametrize("media_type", ["text/plain", "multipart/form-data", "application/jsonx", ""])
def test_another_media_type_is_a_415(media_type: str) -> None:
    problem(events.post_json(payload(), content_type=media_type), 415)


def test_a_missing_media_type_is_a_415() -> None:
    event = events.post_json(payload())
    del event["headers"]["content-type"]
    problem(event, 415)


def test_parameters_and_case_of_the_media_type_do_not_matter() -> None:
    assert answer(events.post_json(payload(), content_type="Application/JSON; charset=UTF-8"))["statusCode"] == 201


def test_a_body_in_base64_is_read() -> None:
    import base64

    event = events.post_json(payload())
    event |= {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
    assert answer(event)["statusCode"] == 201


@given(st.binary(max_size=300))
def test_any_body_is_handled_without_an_exception(body: bytes) -> None:
    import base64

    for media_type in ("application/json", "application/x-www-form-urlencoded"):
        event = events.post_json("", content_type=media_type)
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        assert answer(event)["statusCode"] in {400, 422}


def test_a_form_without_javascript_leads_to_the_status_page() -> None:
    """Its URL can be reloaded, kept and shared, and has no personal data."""
    intake = IntakeInMemory()
    response = intake(events.post_form(FORM))
    [receipt] = intake.table.referrals
    assert (response["statusCode"], response["body"]) == (303, "")
    assert response["headers"]["location"] == f"/api/referrals/{receipt}"
    page = intake(events.get_status(receipt, accept="text/html"))["body"]
    assert "Thank you. We have your request" in page
    assert receipt in page
    assert f"https://spine.example/api/referrals/{receipt}" in page


def test_a_status_page_that_is_shown_again_submits_nothing() -> None:
    intake = IntakeInMemory()
    intake(events.post_form(FORM))
    before = dict(intake.table.referrals)
    for _ in range(2):
        assert intake(events.get_status(*before, accept="text/html"))["statusCode"] == 200
    assert intake.table.referrals == before


RECEIPT = "K3OF-BITA-MM2X-PE5R"


@pytest.mark.parametrize(
    "typed",
    [
        RECEIPT,
        RECEIPT.lower(),
        RECEIPT.replace("-", ""),
        RECEIPT.replace("-", " "),
        RECEIPT.replace("-", "\u2013"),
        f"  {RECEIPT}\n",
        f"\u200b{RECEIPT}.",
        "k30f 81ta mm2x pe5r",
        f"https://spine.example/api/referrals/{RECEIPT}?lang=es",
    ],
)
def test_a_typed_receipt_leads_to_its_status_page(typed: str) -> None:
    response = answer(events.find_receipt(typed, accept="text/html"))
    assert (response["statusCode"], response["headers"]["location"]) == (303, f"/api/referrals/{RECEIPT}")


@pytest.mark.parametrize(("lang", "query"), [("es", "?lang=es"), ("xx", ""), ("es\r\nx: y", "")])
def test_a_typed_receipt_keeps_the_language(lang: str, query: str) -> None:
    response = answer(events.find_receipt(RECEIPT, lang))
    assert response["headers"]["location"] == f"/api/referrals/{RECEIPT}{query}"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "Enter your receipt."),
        ("  ", "Enter your receipt."),
        ("maria@clinic.example", "Check the receipt."),
        (RECEIPT[:-1], "Check the receipt."),
        (f"{RECEIPT}A", "Check the receipt."),
        (RECEIPT.replace("R", "9"), "Check the receipt."),
        ('"><script>\x00', "Check the receipt."),
    ],
)
def test_what_is_no_receipt_can_be_corrected_on_the_same_page(typed: str, message: str) -> None:
    response = answer(events.find_receipt(typed, accept="text/html"))
    page = Html(response["body"])
    assert response["statusCode"] == 404
    assert message in page.text
    assert page.named("receipt")["value"] == typed.replace("\x00", "")
    assert "receipt-error" in page.named("receipt")["aria-describedby"].split()
    problem(events.find_receipt(typed), 404)


def test_an_unknown_receipt_can_be_corrected() -> None:
    page = Html(answer(events.get_status(RECEIPT, accept="text/html"))["body"])
    assert "We found nothing for this receipt." in page.text
    assert page.named("receipt")["value"] == RECEIPT


def test_a_request_without_a_receipt_asks_for_one() -> None:
    response = answer(events.request("GET /api/referrals", accept="text/html"))
    assert response["statusCode"] == 404
    assert "Enter your receipt." in response["body"]


def test_a_form_sent_twice_is_one_referral() -> None:
    intake = IntakeInMemory()
    statuses = [intake(events.post_form(FORM))["statusCode"] for _ in range(2)]
    assert statuses == [303, 303]
    assert len(intake.table.referrals) == 1


def test_the_same_form_from_another_address_is_another_referral() -> None:
    intake = IntakeInMemory()
    intake(events.post_form(FORM))
    other = events.post_form(FORM)
    other["requestContext"]["http"]["sourceIp"] = "203.0.113.8"
    assert intake(other)["statusCode"] == 303
    assert len(intake.table.referrals) == 2


def test_a_form_with_an_error_returns_with_its_entries_and_a_new_id() -> None:
    response = answer(events.post_form(FORM | {"doctor.email": "maria", "doctor.practice": 'The "Clinic" <b>'}))
    assert response["statusCode"] == 422
    assert 'value="maria"' in response["body"]
    assert "The &#34;Clinic&#34; &lt;b&gt;" in response["body"]
    assert re.search(r'name="submission_id"[^>]*value="[0-9a-f-]{36}"', response["body"])


def test_a_form_with_a_repeated_or_unknown_field_is_refused() -> None:
    event = events.post_form(FORM)
    event["body"] += "&doctor.name=Other&diagnosis=x"
    assert answer(event)["statusCode"] == 422


@pytest.mark.parametrize(
    "name", ["doctor", "doctor.", ".", "doctor.name.x", "doctor.address", "a.b.c.d", "\x00", "é" * 99]
)
def test_malformed_field_names_of_a_form_are_refused(name: str) -> None:
    assert answer(events.post_form(FORM | {name: "x"}))["statusCode"] == 422


def test_a_client_that_accepts_json_gets_json_for_a_form() -> None:
    assert json.loads(answer(events.post_form(FORM, accept="application/json"))["body"])["receipt"]


def test_a_body_that_is_too_large_gets_an_html_page_in_a_browser() -> None:
    response = answer(events.post_form({"doctor.name": "x" * 20000}))
    assert response["statusCode"] == 413
    assert response["headers"]["content-type"].startswith("text/html")


def _stored() -> tuple[IntakeInMemory, Referral]:
    intake = IntakeInMemory()
    intake(events.post_json(payload(doctor=doctor(name="Maria Marked-Lopez", email="marked@clinic.example"))))
    return intake, next(iter(intake.table.referrals.values()))


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_the_status_gives_the_stage_and_no_details_of_the_doctor(accept: str) -> None:
    intake, referral = _stored()
    response = intake(events.get_status(referral.receipt, accept=accept))
    assert response["statusCode"] == 200
    assert response["headers"]["content-type"].startswith(accept)
    assert "arked" not in response["body"]


def test_the_status_gives_the_date_of_the_message() -> None:
    intake, referral = _stored()
    sent = replace(referral, stage=Stage.SENT, milestones=referral.milestones | {"sent": NOW})
    intake.table.referrals[referral.receipt] = sent
    later = NOW + timedelta(days=2)
    assert "November 23, 2026" in intake(events.get_status(referral.receipt, accept="text/html"), later)["body"]
    assert json.loads(intake(events.get_status(referral.receipt), later)["body"])["state"] == "sent"


def test_for_a_day_the_status_says_only_from_when_on_it_shows_more() -> None:
    intake, referral = _stored()
    sent = replace(referral, stage=Stage.SENT, milestones=referral.milestones | {"sent": NOW})
    pages = []
    for one in (referral, sent):
        intake.table.referrals[referral.receipt] = one
        pages.append(intake(events.get_status(referral.receipt, accept="text/html"), NOW + timedelta(hours=23)))
    assert pages[0] == pages[1]
    assert "From November 24, 2026, 9:31 AM CST" in pages[0]["body"].replace("\xa0", " ")
    spanish = events.get_status(referral.receipt, accept="text/html") | {"queryStringParameters": {"lang": "es"}}
    in_spanish = intake(spanish)["body"].replace("\xa0", " ")
    assert "A partir del 24 de noviembre de 2026, 9:31 a. m. (CST)" in in_spanish


@pytest.mark.parametrize("receipt", ["AAAA-AAAA-AAAA-AAAA", "nonsense", "%00"])
def test_an_unknown_receipt_is_a_404(receipt: str) -> None:
    problem(events.get_status(receipt), 404)
    assert answer(events.get_status(receipt, accept="text/html"))["statusCode"] == 404


@pytest.mark.parametrize(("failure", "status"), [(Unavailable("ThrottlingException"), 503), (KeyError("marked"), 500)])
def test_an_internal_failure_reveals_nothing_to_the_client(
    failure: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(FakeTable):
        def add(self, referral: Referral) -> Referral | None:
            raise failure

    response = submissions.respond(events.post_json(payload()), proofs.intake(Broken(), SITE), NOW)
    assert response["statusCode"] == status
    assert "marked" not in response["body"]


def test_no_response_may_be_cached_or_framed() -> None:
    headers = answer(events.post_form(FORM))["headers"]
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]


def test_behind_cloudfront_the_source_is_the_address_of_the_viewer() -> None:
    intake = IntakeInMemory()
    for edge, viewer in (
        ("10.0.0.1", "203.0.113.7:1234"),
        ("10.0.0.2", "203.0.113.7:9999"),
        ("10.0.0.1", "[2001:db8::1]:7"),
    ):
        event = events.post_form(FORM, cloudfront_viewer_address=viewer)
        event["requestContext"]["http"]["sourceIp"] = edge
        intake(event)
    assert len(intake.table.referrals) == 2
