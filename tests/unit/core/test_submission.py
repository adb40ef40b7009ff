"""Validation of submissions, and its error codes."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.submission import InvalidSubmission, Submission, parse
from tests.support.samples import CAMPAIGNS, doctor, payload


def read(sent: object) -> Submission:
    return parse(sent, CAMPAIGNS.get)


def errors_of(sent: object) -> dict[str, str]:
    """Field to code."""
    with pytest.raises(InvalidSubmission) as refused:
        read(sent)
    return {error.field: error.code for error in refused.value.errors}


def test_a_name_and_an_email_address_are_enough() -> None:
    submission = read(payload(doctor={"name": "Maria Lopez", "email": "maria@clinic.example"}))
    assert (submission.doctor.name, submission.doctor.email) == ("Maria Lopez", "maria@clinic.example")


@pytest.mark.parametrize(
    "reach",
    [
        {"email": "maria@clinic.example"},
        {"phone": "(212) 555-0123"},
        {"address": {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}},
    ],
    ids=["email", "phone", "whole address"],
)
def test_one_way_to_reach_the_doctor_is_enough(reach: dict[str, Any]) -> None:
    assert read(payload(doctor={"name": "Maria Lopez", **reach}))


def test_without_any_contact_detail_one_is_required() -> None:
    assert errors_of(payload(doctor={"name": "Maria Lopez"})) == {"doctor": "contact_required"}


def test_an_address_as_the_only_contact_detail_must_be_complete() -> None:
    sent = payload(doctor={"name": "Maria Lopez", "address": {"city": "Springfield", "state": "IL"}})
    assert errors_of(sent) == {"doctor.address.line1": "required", "doctor.address.postal_code": "required"}


def test_a_state_alone_does_not_start_an_address() -> None:
    """The state is next to the name and helps to look up the doctor."""
    sent = payload(doctor={"name": "Maria Lopez", "address": {"state": "IL"}})
    assert errors_of(sent) == {"doctor": "contact_required"}


def test_a_partial_address_is_accepted_next_to_an_email_address() -> None:
    assert read(payload(doctor=doctor(address={"state": "IL"}))).doctor.address.state == "IL"


def test_all_errors_are_reported_at_once() -> None:
    sent = payload(
        submission_id="7",
        locale="tlh",
        submitted_by="insurer",
        doctor={"email": "no address", "phone": "12", "npi": "1234567890", "address": {"state": "XX"}},
    )
    assert errors_of(sent) == {
        "submission_id": "submission_id_invalid",
        "locale": "choice",
        "submitted_by": "choice",
        "doctor.name": "required",
        "doctor.email": "email_syntax",
        "doctor.phone": "phone_invalid",
        "doctor.npi": "npi_invalid",
        "doctor.address.state": "state_unknown",
    }


@pytest.mark.parametrize("place", ["", "doctor", "doctor.address"])
def test_an_unknown_field_is_refused_so_that_no_patient_data_gets_in(place: str) -> None:
    sent = payload(doctor=doctor(address={}))
    target = sent
    for part in filter(None, place.split(".")):
        target = target[part]
    target["diagnosis"] = "anything"
    assert errors_of(sent) == {".".join(filter(None, (place, "diagnosis"))): "unknown_field"}


def test_the_name_of_an_unknown_field_is_repeated_only_if_it_looks_like_one() -> None:
    assert errors_of(payload() | {"\ud800 my illness": 1}) == {"": "unknown_field"}


@pytest.mark.parametrize("sent", [None, [], "text", 7, True, 1.5])
def test_a_body_that_is_not_an_object_is_refused(sent: object) -> None:
    assert errors_of(sent) == {"": "wrong_type"}


@pytest.mark.parametrize("value", [7, 1e400, True, [], {}, ["a"]])
def test_a_value_of_the_wrong_type_is_refused_at_its_field(value: object) -> None:
    assert errors_of(payload(doctor=doctor(practice=value))) == {"doctor.practice": "wrong_type"}


@pytest.mark.parametrize("value", [None, "", "   "])
def test_an_optional_field_may_be_empty(value: object) -> None:
    assert read(payload(doctor=doctor(practice=value, phone=value, npi=value))).doctor.practice is None


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.example", "a\nb", "a\x00b", "a\ud800b", "a\u2028b", "a\ue000b"])
@pytest.mark.parametrize("field", ["name", "practice", "email"])
def test_control_and_broken_characters_are_refused(field: str, value: str) -> None:
    assert errors_of(payload(doctor=doctor(phone="212 555 0123", **{field: value}))) == {
        f"doctor.{field}": "characters"
    }


INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202d\u202e\u2060\u2066\u2069\ufeff\u00ad\u034f\ufe0f\u061c\u180e"
BLANK = "\t\u00a0\u2003\u202f\u3000\u3164\u2800\u115f"


@pytest.mark.parametrize("character", INVISIBLE, ids=ascii)
def test_invisible_characters_are_dropped_from_every_field(character: str) -> None:
    """Phones and office programs copy them along with the text."""
    sent = payload(doctor=_with_each_text(WHOLE, lambda text: f"{character}{text[0]}{character}{text[1:]}{character}"))
    assert read(sent).doctor == read(payload(doctor=WHOLE)).doctor


@pytest.mark.parametrize("character", BLANK, ids=ascii)
def test_characters_that_look_like_a_space_are_one(character: str) -> None:
    sent = payload(doctor=_with_each_text(WHOLE, lambda text: f"{character}{text.replace(' ', character)}{character}"))
    assert read(sent).doctor == read(payload(doctor=WHOLE)).doctor


def _with_each_text(values: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    return {
        name: _with_each_text(value, change) if isinstance(value, dict) else change(value)
        for name, value in values.items()
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "\t", "\u2028"])
def test_a_line_break_at_the_end_is_dropped(end: str) -> None:
    assert read(payload(doctor=doctor(email=f"{end}maria@clinic.example{end}"))).doctor.email == "maria@clinic.example"


@pytest.mark.parametrize("name", ["O'Brien-Núñez", "Nguyễn Thị Minh Khai", "李小龍", "<b>Lopez</b>", "علی\u200cرضا"])
def test_international_names_are_kept_as_typed(name: str) -> None:
    assert read(payload(doctor=doctor(name=name))).doctor.name == name


def test_white_space_is_collapsed_and_unicode_composed() -> None:
    assert read(payload(doctor=doctor(name="  Nu\u0301n\u0303ez   Lopez "))).doctor.name == "Núñez Lopez"


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\t", "\u00ad\ufeff"])
def test_a_name_of_invisible_characters_only_is_missing(name: str) -> None:
    assert errors_of(payload(doctor=doctor(name=name))) == {"doctor.name": "required"}


@pytest.mark.parametrize("name", ["see https://evil.example", "www.evil.example", "HTTP://x"])
def test_a_link_is_stored_as_a_name_and_refused_in_other_fields(name: str) -> None:
    assert read(payload(doctor=doctor(name=name))).doctor.name == name
    for field in ("practice", "specialty"):
        assert errors_of(payload(doctor=doctor(**{field: name}))) == {f"doctor.{field}": "link"}


def test_an_error_for_a_long_text_states_the_limit() -> None:
    with pytest.raises(InvalidSubmission) as refused:
        read(payload(doctor=doctor(name="x" * 121)))
    assert [(e.code, e.limit) for e in refused.value.errors] == [("too_long", 120)]


@pytest.mark.parametrize("spelling", ["{%s}", "urn:uuid:%s"])
def test_a_submission_id_has_one_spelling(spelling: str) -> None:
    assert errors_of(payload(submission_id=spelling % uuid.uuid4())) == {"submission_id": "submission_id_invalid"}


def test_an_uppercase_id_names_the_same_submission() -> None:
    sent = payload()
    assert read(sent) == read(sent | {"submission_id": sent["submission_id"].upper()})


@pytest.mark.parametrize("name", ["", "../lumen", "STAR", "nowhere", "a" * 65, "con\x00"])
def test_only_an_existing_campaign_is_accepted(name: str) -> None:
    assert set(errors_of(payload(campaign=name))) == {"campaign"}


def test_different_spellings_of_the_same_details_have_the_same_digest() -> None:
    one = read(payload(doctor=doctor(email="m@Clinic.Example", phone="212-555-0123", address={"state": "New York"})))
    two = read(payload(doctor=doctor(email="m@clinic.example", phone="+12125550123", address={"state": "ny"})))
    assert one.content == two.content
    assert one.doctor.typed["phone"] == "212-555-0123"


def test_different_details_have_a_different_digest() -> None:
    assert read(payload()).content != read(payload(submitted_by="caregiver")).content


WHOLE = {
    "name": "Dr. María Núñez, M.D.",
    "practice": "Springfield Oncology",
    "specialty": "Radiation oncology",
    "email": "Maria.Nunez+x@Clinic.EXAMPLE",
    "phone": "(217) 555-0123",
    "npi": "1234567893",
    "address": {
        "line1": "1 Main St",
        "line2": "Suite 2",
        "city": "Springfield",
        "state": "Illinois",
        "postal_code": "627011234",
    },
}
BY_POST = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}


@pytest.mark.parametrize(
    ("digest", "fields"),
    [
        ("32d5cf1645617f38cf8ad642207ddf5f", {}),
        ("82275b6e586f80caed4ab2902d307dec", {"doctor": WHOLE}),
        (
            "47fd421f97b3efee3d83be50bb180db1",
            {
                "submitted_by": "caregiver",
                "locale": "es",
                "doctor": {"name": "李小龍", "phone": "212 555 0123", "address": {"state": "ny"}},
            },
        ),
        ("b7228817d522d48acf7c6552cf1a2474", {"doctor": {"name": "Maria Lopez", "address": BY_POST}}),
    ],
    ids=["name and email", "everything", "phone and state", "address"],
)
def test_the_digest_of_a_stored_submission_never_changes(digest: str, fields: dict[str, Any]) -> None:
    """With another digest, a retry of the browser after a deployment is refused as a conflict."""
    assert read(payload(**fields)).content == digest


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELD_NAMES = st.sampled_from(
    [
        "submission_id",
        "campaign",
        "locale",
        "submitted_by",
        "doctor",
        "name",
        "email",
        "phone",
        "npi",
        "address",
        "state",
    ]
)


@given(st.dictionaries(FIELD_NAMES, JSON_VALUES) | JSON_VALUES)
def test_any_json_is_accepted_or_refused_without_an_exception(sent: object) -> None:
    try:
        read(sent)
    except InvalidSubmission as refused:
        assert refused.errors
        json.dumps([error.field for error in refused.errors]).encode()


@given(st.dictionaries(FIELD_NAMES, JSON_VALUES))
def test_any_details_of_a_doctor_are_accepted_or_refused_without_an_exception(details: dict[str, object]) -> None:
    try:
        submission = read(payload(doctor=details))
    except InvalidSubmission as refused:
        assert all(error.field.startswith("doctor") for error in refused.errors)
    else:
        submission.doctor.name.encode()


@given(st.text(min_size=1, max_size=60))
def test_an_accepted_name_fits_in_one_header_line(name: str) -> None:
    try:
        taken = read(payload(doctor=doctor(name=name))).doctor.name
    except InvalidSubmission:
        return
    assert taken == " ".join(taken.split())
    assert not set(taken) & set("\r\n\x00")


@given(st.emails())
def test_every_accepted_address_can_be_sent_to(address: str) -> None:
    try:
        taken = read(payload(doctor=doctor(email=address))).doctor.email
    except InvalidSubmission:
        return
    assert taken is not None
    assert taken.isascii()
    assert taken.rpartition("@")[0] == address.rpartition("@")[0]


def test_a_doctor_is_from_the_registry_only_with_a_valid_signature() -> None:
    sent = payload(doctor=doctor(npi="1234567893", registry_signature="signed"))
    known = parse(sent, CAMPAIGNS.get, is_from_registry=lambda one, signature: signature == "signed")
    typed = parse(sent, CAMPAIGNS.get, is_from_registry=lambda one, signature: False)
    assert known.doctor.is_from_registry
    assert not typed.doctor.is_from_registry
    assert known.content == typed.content, "a submission repeated without the signature is the same"


@pytest.mark.parametrize(
    "name",
    [
        "Dr.Smith",
        "J.R. Smith",
        "St.John, M.D.",
        "Maria Lopez D.O.",
        "Anne-Marie O’Neil Jr.",
        "Dr.Ly",
        "Dr.De Souza",
        "A.De Leon",
        "T.To",
        "Dr.Link",
        "J.Dev",
        "J.R.De Leon",
    ],
)
def test_a_name_with_dots_is_accepted(name: str) -> None:
    assert read(payload(doctor=doctor(name=name))).doctor.name == name


def test_many_unknown_fields_get_a_short_response() -> None:
    with pytest.raises(InvalidSubmission) as refused:
        read(payload() | {f"field{number}": 1 for number in range(1000)})
    assert len(refused.value.errors) == 50
