"""Screening: which referrals a person checks before the doctor gets a message."""

from collections.abc import Iterable
from dataclasses import fields, replace

import pytest

from referral_intake.aws.campaign_files import _OPTIONAL_LIMITS
from referral_intake.aws.keys import DoctorHashes
from referral_intake.core.campaign import Policy
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral
from referral_intake.core.steps import DeliveryStatus, SendAttempt
from referral_intake.outreach.screening import Suspicion, suspicion
from tests.support.fakes import FakeScreeningCounts, ring
from tests.support.samples import NOW, campaign, referral

# The campaign of the tests has higher limits.
DEFAULTS = {one.name: one.default for one in fields(Policy) if one.name in _OPTIONAL_LIMITS}


def screen(screening_counts: FakeScreeningCounts, one: Referral) -> str | None:
    found = held(screening_counts, one)
    return found.reason if found else None


def held(screening_counts: FakeScreeningCounts, one: Referral, **policy: object) -> Suspicion | None:
    changed = replace(campaign(), policy=replace(campaign().policy, **DEFAULTS | policy))  # type: ignore[arg-type]
    return suspicion(one, DoctorHashes(ring).of(one)[0], changed, screening_counts)


def test_an_ordinary_referral_passes() -> None:
    assert screen(FakeScreeningCounts(), replace(referral(npi="1234567893"), source="abc")) is None


def test_a_disposable_email_address_is_held() -> None:
    assert screen(FakeScreeningCounts(), referral(email="dr@trash.example")) == "disposable_domain"


@pytest.mark.parametrize(
    "name", ["<b>Lopez</b>", "x = 1", "{{ name }}", "\uff1cLopez\uff1e", "12345", "...", "Lopez & Sons"]
)
def test_a_name_that_does_not_look_like_one_is_held(name: str) -> None:
    assert screen(FakeScreeningCounts(), referral(name=name)) == "unusual_name"


@pytest.mark.parametrize("name", ["Dr.Ly", "李小龍", "O'Brien-Núñez, M.D."])
def test_an_ordinary_name_is_not_held(name: str) -> None:
    assert screen(FakeScreeningCounts(), referral(name=name)) is None


def test_a_name_from_the_registry_is_not_held_for_its_shape() -> None:
    typed = referral(name="O'Brien-Núñez (Bob)")
    registered = replace(typed, doctor=replace(typed.doctor, is_from_registry=True))
    assert screen(FakeScreeningCounts(), typed) == "unusual_name"
    assert screen(FakeScreeningCounts(), registered) is None


def test_many_referrals_from_one_source_are_held_except_the_first_ones() -> None:
    screening_counts = FakeScreeningCounts(max_per_source=3)
    referrals = [replace(referral(email=f"dr@clinic{n}.example"), source="abc") for n in range(5)]
    assert [screen(screening_counts, one) for one in referrals] == [None] * 3 + ["many_from_one_source"] * 2
    assert screen(screening_counts, replace(referral(), source="def")) is None
    assert screen(screening_counts, referrals[0]) is None, "the same one, delivered again, is none more"


def test_many_names_for_one_address_are_held_but_not_two_spellings() -> None:
    screening_counts = FakeScreeningCounts()
    names = ["Maria Lopez", "Dr. Maria López, MD", "John Smith", "Jane Doe"]
    assert [screen(screening_counts, referral(name=name)) for name in names] == [
        None,
        None,
        None,
        "many_names_for_one_address",
    ]


def test_one_npi_with_a_second_address_is_held() -> None:
    screening_counts = FakeScreeningCounts()
    first, second = (referral(npi="1234567893", email=f"dr@{place}.example") for place in ("here", "there"))
    assert [screen(screening_counts, one) for one in (first, second)] == [None, "several_addresses_for_one_npi"]


@pytest.mark.parametrize(
    "known", [{"is_vetted": True}, {"messages": {"introduction": DeliveryStatus(attempts={"1": SendAttempt(NOW)})}}]
)
def test_an_approved_or_already_mailed_doctor_is_not_screened_again(known: dict[str, object]) -> None:
    assert screen(FakeScreeningCounts(), replace(referral(email="dr@trash.example"), **known)) is None  # type: ignore[arg-type]


def test_a_referral_from_the_source_of_a_bounce_is_held() -> None:
    assert screen(FakeScreeningCounts(), replace(referral(), source="source of a bounce")) == "source_bounced"


# ---- Limits per target ----


def passed(screening_counts: FakeScreeningCounts, referrals: Iterable[Referral], **policy: object) -> list[bool]:
    return [held(screening_counts, one, **policy) is None for one in referrals]


def doctors(number: int, **details: object) -> list[Referral]:
    """Referrals for different doctors with these details. Each has a name and an address of its own, unless given."""
    return [
        referral(**{"name": f"Ana B{'abcdefghijklmnopqrst'[n]}ro", "email": f"d{n}@clinic{n}.example"} | details)
        for n in range(number)
    ]


def test_a_mail_domain_gets_ten_introductions_a_day() -> None:
    counts = FakeScreeningCounts()
    at_one = [
        replace(one, doctor=replace(one.doctor, email=f"d{n}@clinic.example")) for n, one in enumerate(doctors(12))
    ]
    assert passed(counts, at_one) == [True] * 10 + [False] * 2
    first = held(counts, at_one[10])
    assert first
    assert (first.reason, first.group) == ("many_at_one_domain", held(counts, at_one[11]).group)  # type: ignore[union-attr]
    assert str(first.group).startswith("domain-")
    assert "clinic" not in f"{counts.seen}{counts.listed}"
    assert passed(counts, at_one[:10]) == [True] * 10, "the same referrals, delivered again"
    assert passed(counts, [referral(name="Ana Baro", email="D0+x@clinic.example")]), "another patient of the doctor"
    assert held(counts, referral(email="one@other.example")) is None


@pytest.mark.parametrize("domain", ["gmail.com", "googlemail.com", "comcast.net", "hospital.example"])
def test_a_public_provider_and_a_confirmed_hospital_have_no_limit(domain: str) -> None:
    counts = FakeScreeningCounts(hospitals=frozenset({"hospital.example"}))
    at_one = [replace(one, doctor=replace(one.doctor, email=f"d{n}@{domain}")) for n, one in enumerate(doctors(15))]
    assert passed(counts, at_one) == [True] * 15


def test_a_phone_has_a_limit_whatever_the_extension_for_email_letters_and_calls() -> None:
    counts = FakeScreeningCounts()
    phoned = doctors(4, phone="217 555 0123 ext. 5") + doctors(4, name="Al Ray", phone="(217) 555-0123", email=None)
    assert passed(counts, phoned, introductions_per_practice=4) == [True] * 4 + [False] * 4
    assert held(counts, phoned[5], introductions_per_practice=4).reason == "many_at_one_phone"  # type: ignore[union-attr]


def test_a_practice_at_one_zip_code_has_a_limit_however_it_is_written() -> None:
    counts = FakeScreeningCounts()
    written = ["Spine Clinic", "SPINE  CLINIC!", "spine-clinic", "Spine Clínic"]
    address = {"postal_code": "62701-1234"}
    here = [
        replace(one, doctor=replace(one.doctor, practice=name))
        for one, name in zip(doctors(4, address=address), written, strict=True)
    ]
    assert passed(counts, here, introductions_per_practice=2) == [True, True, False, False]
    elsewhere = doctors(1, practice="Spine Clinic", email="x@y.example", address={"postal_code": "62702"})
    assert passed(counts, elsewhere, introductions_per_practice=2) == [True]


def test_one_name_gets_two_addresses_at_one_mail_domain() -> None:
    counts = FakeScreeningCounts()
    guessed = [
        referral(email=f"{local}@gmail.com") for local in ("m.lopez", "mlopez", "lopez.m", "maria.lopez", "maria")
    ]
    assert passed(counts, guessed) == [True, True, True, False, False], "Gmail ignores dots, so the first two are one"
    assert held(counts, guessed[3]).reason == "several_addresses_for_one_name"  # type: ignore[union-attr]
    assert held(counts, referral(name="John Smith", email="maria@gmail.com")) is None


def test_a_network_has_three_times_the_limit_of_a_source() -> None:
    counts = FakeScreeningCounts(max_per_source=2)
    sent = [replace(one, source=f"source {n}", network="net") for n, one in enumerate(doctors(8))]
    assert passed(counts, sent) == [True] * 6 + [False] * 2
    found = held(counts, sent[7])
    assert (found.reason, found.group) == ("many_from_one_network", "network-net")  # type: ignore[union-attr]


def test_a_campaign_sends_a_number_of_introductions_a_day_unseen_and_lists_the_others_in_one_row() -> None:
    counts = FakeScreeningCounts()
    sent = doctors(6)
    assert passed(counts, sent, unseen_per_day=4) == [True] * 4 + [False] * 2
    assert held(counts, sent[5], unseen_per_day=4) == Suspicion(Reason.DAILY_TOTAL, "total-2026-11-23")
    assert passed(counts, sent[:4], unseen_per_day=4) == [True] * 4, "the same referrals, delivered again"
    letters = doctors(1, email=None, phone="217 555 0123")
    assert passed(counts, letters, unseen_per_day=4) == [True], "a person prints or calls"


def test_a_limit_is_not_used_up_by_referrals_that_are_held() -> None:
    counts = FakeScreeningCounts()
    odd = [referral(name=f"x = {n}", email=f"d{n}@clinic.example") for n in range(15)]
    assert passed(counts, odd) == [False] * 15
    assert held(counts, referral()) is None


@pytest.mark.parametrize("local", ["info", "INFO+x", "no-reply", "postmaster", "mailer-daemon", "help.desk"])
def test_a_role_address_is_held_unless_the_policy_allows_it(local: str) -> None:
    one = referral(email=f"{local}@clinic.example")
    assert screen(FakeScreeningCounts(), one) == "role_address"
    assert held(FakeScreeningCounts(), one, mails_role_addresses=True) is None


@pytest.mark.parametrize("local", ["office", "frontdesk", "maria.info", "infante", "r.abuse", "sales.maria"])
def test_an_address_of_a_practice_or_person_is_not_held(local: str) -> None:
    assert screen(FakeScreeningCounts(), referral(email=f"{local}@clinic.example")) is None


def test_suspicious_referrals_add_a_limited_number_of_rows_to_the_list() -> None:
    counts = FakeScreeningCounts(rows=2)
    found = [held(counts, referral(name=f"x = {n}")) for n in range(4)]
    assert [one.group for one in found if one] == [None, None, "suspicious-2026-11-23", "suspicious-2026-11-23"]
    assert {one.reason for one in found if one} == {"unusual_name"}
