"""How messages address the doctor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.addressee import MAX_SURNAME_LENGTH, Addressee, addressee, surname
from referral_intake.core.doctor import Doctor
from referral_intake.core.ordinary_words import is_ordinary
from referral_intake.core.person_names import fold
from tests.support.doctor_names import HOSTILE_NAMES, REAL_NAMES


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Maria Lopez", "Lopez"),
        ("Dr. Lopez", "Lopez"),
        ("Dr.Ly", "Ly"),
        ("dr.lopez", "lopez"),
        ("J. Lopez", "Lopez"),
        ("Maria Lopez, M.D., FACS", "Lopez"),
        ("Smith, John Q., Jr., MD", "Smith"),
        ("O\u2019Brien, Sean", "O\u2019Brien"),
        ("Sean O' Brien", "O'Brien"),
        ("Ana Núñez-García", "Núñez-García"),
        ("Maria de la Cruz", "de la Cruz"),
        ("Jan van der Berg", "van der Berg"),
        ("Omar al-Rashid", "al-Rashid"),
        ("Ian St. John", "St. John"),
        ("Garcia Lopez, Ana", "Garcia Lopez"),
        ("Kim Do", "Do"),
        ("Jun O", "O"),
        ("Rose Young", "Young"),
    ],
)
def test_a_surname_is_used_as_typed(name: str, expected: str) -> None:
    assert surname(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "Lopez",  # A given name, maybe.
        "José María García López",  # One surname or two.
        "Nguyễn Thị Minh Khai",
        "王小明",
        "王小明 Wang Xiaoming",
        "Олександр Шевченко",
        "Lopez & Sons",
        "evil.zip",
        "Dr.",
        "MD",
        "Smith Jones Brown, Ana",
        "Ana Smith-Jones-Brown",
        f"Ana {'A' * 31}",
        "Call Now",
        "Account Suspended",
        "Congratulations you won",
        "Dr. Scammer",
        "Dr. Pay'Now",
        "Dr. PayNow",
        "Dr. Pay-Up",
        "Dr. Publishing",
        "Dr. Suspendida",
    ],
)
def test_without_a_certain_surname_there_is_none(name: str) -> None:
    assert surname(name) == ""


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"name": "Jane Roe, NP"}, Addressee("", is_doctor=False)),
        ({"name": "Jane Roe, PA-C"}, Addressee("", is_doctor=False)),
        ({"name": "Jane Roe", "specialty": "Nurse Practitioner"}, Addressee("", is_doctor=False)),
        ({"name": "Jane Roe", "specialty": "Enfermería"}, Addressee("", is_doctor=False)),
        ({"name": "Jane Roe, MD, RN"}, Addressee("Roe", is_doctor=True)),
        ({"name": "Dr. Jane Roe, DNP"}, Addressee("Roe", is_doctor=True)),
        ({"name": "Pa Vang"}, Addressee("Vang", is_doctor=True)),
        ({"name": "Jane A. Roe", "is_from_registry": True}, Addressee("Jane A. Roe", is_doctor=True)),
        (
            {"name": "Jane A. Roe", "specialty": "Nurse Practitioner", "is_from_registry": True},
            Addressee("Jane A. Roe", is_doctor=False),
        ),
        ({"name": "evil.zip Roe", "is_from_registry": True}, Addressee("", is_doctor=True)),
    ],
)
def test_the_title_depends_on_degrees_and_specialty(details: dict[str, object], expected: Addressee) -> None:
    assert addressee(Doctor(**details)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_no_word_of_a_stranger_is_used(name: str) -> None:
    assert surname(name) == ""


@given(st.sampled_from([name for names in REAL_NAMES.values() for name in names]) | st.text("abAB'-. ,éñ", max_size=50))
def test_a_surname_is_a_short_part_of_the_name(name: str) -> None:
    found = surname(name)
    assert len(found) <= MAX_SURNAME_LENGTH
    assert fold(found).replace(" ", "") in fold(name).replace(" ", "")


@pytest.mark.parametrize(
    "word", ["suspend", "suspended", "closes", "published", "paying", "bodies", "urgently", "cuenta"]
)
def test_forms_of_a_word_are_ordinary_too(word: str) -> None:
    assert is_ordinary(word)


@pytest.mark.parametrize(
    "word", ["brown", "james", "ford", "burns", "brooks", "reed", "king", "garcia", "barnes", "do"]
)
def test_frequent_surnames_are_not_ordinary_words(word: str) -> None:
    assert not is_ordinary(word)
