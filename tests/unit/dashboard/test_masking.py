"""Masked details of a doctor, as shown to viewers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.dashboard.masking import masked, masked_email, masked_name
from tests.support import samples


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maria Lopez", "Dr M••• L•••"),
        ("Dr. Maria Elena López-Núñez, M.D.", "Dr M••• L•••"),
        ("Ángela Muñoz", "Dr Á••• M•••"),
        ("LOPEZ", "Dr L•••"),
        ("Li Wu", "Dr ••• •••"),
        ("J. Smith", "Dr ••• S•••"),
        ("Dr. Do", "Dr •••"),
        ("王小明", "Dr •••"),
        ("김 민준", "Dr ••• •••"),
        ("محمد علي حسن", "Dr ••• •••"),
        ("Мария Иванова", "Dr М••• И•••"),
        ("", "Dr •••"),
    ],
)
def test_a_masked_name_shows_first_letters_only_if_they_reveal_little(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("maria@clinic.example.org", "m•••@•••.org"),
        ("ml@clinic.org", "•••@•••.org"),
        ("m@x.co.uk", "•••@•••.uk"),
        ("7even@clinic.org", "•••@•••.org"),
    ],
)
def test_a_masked_email_address_shows_its_first_letter_and_its_end(address: str, shown: str) -> None:
    assert masked_email(address) == shown


def test_only_city_and_state_stay_readable() -> None:
    doctor = samples.referral(
        practice="Lopez Spine Center",
        specialty="Neurosurgery with Dr Lopez",
        phone="(217) 555-0123",
        npi="1234567893",
        email="Maria.Lopez@Clinic.EXAMPLE",
        address={"line1": "1 Main St", "line2": "2", "city": "Springfield", "state": "il", "postal_code": "62701"},
    ).doctor
    masked_doctor = masked(doctor)
    assert (masked_doctor.address.city, masked_doctor.address.state) == ("Springfield", "IL")
    assert (masked_doctor.phone, masked_doctor.npi, masked_doctor.email, masked_doctor.practice) == (
        "•••23",
        "•••",
        "M•••@•••.example",
        "•••",
    )
    assert (masked_doctor.specialty, masked_doctor.typed) == (None, {})
    assert {masked_doctor.address.line1, masked_doctor.address.line2, masked_doctor.address.postal_code} == {"•••"}


def test_missing_details_stay_missing() -> None:
    masked_doctor = masked(samples.referral().doctor)
    assert (masked_doctor.phone, masked_doctor.npi, masked_doctor.practice, masked_doctor.address.line1) == (
        None,
        None,
        None,
        None,
    )


@given(st.text())
def test_two_adjacent_letters_of_a_name_are_never_both_shown(name: str) -> None:
    assert all(len(word) <= 4 for word in masked_name(name).split()[1:])
