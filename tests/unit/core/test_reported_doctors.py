"""Details of doctors as people typed them, from public bug reports. Each case names its source."""

import json
from typing import Any

import pytest

from referral_intake.core.mailboxes import mailbox
from referral_intake.core.referral import new_referral
from referral_intake.core.same_doctor import Identifiers, Verdict, compare
from referral_intake.core.search_filter import Filter, SearchCriteria, search_words
from referral_intake.core.submission import InvalidSubmission, parse
from tests.support.samples import CAMPAIGNS, NOW, ROOT, payload

REPORTED = json.loads((ROOT / "tests" / "events" / "reported_doctors.json").read_text("utf-8"))


def reported(kind: str) -> list[Any]:
    return [pytest.param(case, id=ascii(list(case.values())[1:])[:90]) for case in REPORTED[kind]]


def parsed(details: dict[str, Any]) -> Any:
    return parse(payload(doctor=details), CAMPAIGNS.get).doctor


def detail(field: str, typed: str) -> dict[str, Any]:
    """A doctor with this text in this field, and a valid name and email address."""
    details: dict[str, Any] = {"name": "Maria Lopez", "email": "maria@clinic.example"}
    *parents, name = field.split(".")[1:]
    return details | ({parents[0]: {name: typed}} if parents else {name: typed})


def value(doctor: Any, field: str) -> Any:
    for name in field.split(".")[1:]:
        doctor = getattr(doctor, name)
    return doctor


@pytest.mark.parametrize("case", reported("same_name"))
def test_another_spelling_of_the_name_gives_the_same_key(case: dict[str, Any]) -> None:
    one, other = parsed(case["one"]).keys, parsed(case["other"]).keys
    shared = one.keys() & other.keys() - {"email", "npi"}
    assert shared
    assert all(one[kind] == other[kind] for kind in shared)


@pytest.mark.parametrize("case", reported("same_mailbox"))
def test_another_spelling_of_the_address_is_the_same_mailbox(case: dict[str, str]) -> None:
    assert mailbox(case["one"]) == mailbox(case["other"])


@pytest.mark.parametrize("case", reported("search"))
def test_the_search_finds_another_spelling(case: dict[str, str]) -> None:
    doctor = {"name": case["stored"], "email": "maria@clinic.example"}
    referral = new_referral(parse(payload(doctor=doctor), CAMPAIGNS.get), NOW)
    assert SearchCriteria(referral.campaign, Filter(), search_words(case["name"])).matches(referral)


@pytest.mark.parametrize("case", reported("taken"))
def test_a_pasted_or_unusual_text_is_taken_in_its_normal_form(case: dict[str, str]) -> None:
    assert value(parsed(detail(case["field"], case["typed"])), case["field"]) == case["normal"]


@pytest.mark.parametrize("case", reported("phones"))
def test_the_extension_is_kept(case: dict[str, str]) -> None:
    assert parsed(detail("doctor.phone", case["typed"])).phone == f"+12175550123;ext={case['extension']}"


@pytest.mark.parametrize("case", reported("refused"))
def test_an_address_that_can_not_exist_is_refused_with_its_reason(case: dict[str, str]) -> None:
    with pytest.raises(InvalidSubmission) as refused:
        parsed(detail(case["field"], case["typed"]))
    assert [(error.field, error.code) for error in refused.value.errors] == [(case["field"], case["code"])]


@pytest.mark.parametrize("case", reported("two_doctors"))
def test_two_doctors_of_one_practice_are_never_joined(case: dict[str, Any]) -> None:
    one, other = (Identifiers.of(parsed(case[name])) for name in ("one", "other"))
    assert compare(one, other) is compare(other, one)
    assert compare(one, other) is not Verdict.SAME
    if one.npi and other.npi:
        assert compare(one, other) is Verdict.DIFFERENT
