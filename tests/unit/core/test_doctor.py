"""Identifiers of a doctor."""

import pytest

from referral_intake.core.doctor import Address, Doctor


def test_a_doctor_is_identified_by_every_key_that_the_referral_gives() -> None:
    doctor = Doctor(
        name="Maria López",
        email="Maria+x@clinic.example",
        npi="1234567893",
        phone="+12125550123",
        address=Address(postal_code="62701-1234"),
    )
    assert doctor.keys == {
        "email": "maria@clinic.example",
        "npi": "1234567893",
        "phone": "maria lopez +12125550123",
        "postcode": "maria lopez 62701",
    }


@pytest.mark.parametrize("name", ["Dr. Maria Lopez", "MARIA LÓPEZ, M.D.", "maria  lopez", "Lopez-free? no"])
def test_titles_accents_and_case_do_not_change_a_name(name: str) -> None:
    same = Doctor(name="Maria Lopez", phone="+12125550123").keys["phone"]
    assert (Doctor(name=name, phone="+12125550123").keys["phone"] == same) is (name != "Lopez-free? no")


def test_a_name_in_another_script_is_a_key() -> None:
    assert Doctor(name="李小龍", phone="+12125550123").keys["phone"] == "李小龍 +12125550123"


@pytest.mark.parametrize("name", ["Dr. MD", "Dr. Do", "T. Do", "Dr. O", "Jr", "..."])
def test_every_name_gives_a_key(name: str) -> None:
    assert Doctor(name=name, phone="+12125550123").keys["phone"].removesuffix(" +12125550123")


def test_an_extension_does_not_make_another_key() -> None:
    keys = [Doctor(name="Dr. Do", phone=phone).keys for phone in ("+12125550123", "+12125550123;ext=4")]
    assert keys[0] == keys[1]


def test_an_address_is_complete_if_a_letter_can_be_sent_there() -> None:
    assert Address("1 Main St", None, "Springfield", "IL", "62701").is_whole
    assert not Address("1 Main St", None, "Springfield", "IL", None).is_whole
