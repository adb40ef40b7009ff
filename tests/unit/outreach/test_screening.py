"""Screening: which referrals a person checks before the doctor gets a message."""

from dataclasses import replace

import pytest

from referral_intake.aws.keys import DoctorHashes
from referral_intake.core.referral import Referral
from referral_intake.core.steps import DeliveryStatus, SendAttempt
from referral_intake.outreach.screening import suspicion_reason
from tests.support.fakes import FakeScreeningCounts, ring
from tests.support.samples import NOW, campaign, referral


def screen(screening_counts: FakeScreeningCounts, one: Referral) -> str | None:
    return suspicion_reason(one, DoctorHashes(ring).of(one)[0], campaign(), screening_counts)


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
    referrals = [replace(referral(email=f"dr{n}@clinic.example"), source="abc") for n in range(5)]
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
