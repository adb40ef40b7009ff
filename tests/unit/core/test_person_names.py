"""Normalization of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core import person_names
from referral_intake.core.person_names import identity
from referral_intake.core.submission import InvalidSubmission, parse
from tests.support.samples import CAMPAIGNS, doctor, payload

APOSTROPHES = "'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u0060\u00b4\u2032\uff07"
HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"


@pytest.mark.parametrize("apostrophe", APOSTROPHES, ids=ascii)
def test_every_kind_of_apostrophe_is_the_same(apostrophe: str) -> None:
    assert identity(f"Sean O{apostrophe}Brien") == "sean obrien"
    assert identity(f"Sean O{apostrophe} Brien") == "sean obrien"


@pytest.mark.parametrize("hyphen", HYPHENS, ids=ascii)
def test_every_kind_of_hyphen_is_the_same(hyphen: str) -> None:
    assert identity(f"Ana Núñez{hyphen}Lopez") == "ana nunez lopez"
    assert identity(f"Ana Lopez, PA{hyphen}C") == "ana lopez"


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Søren Østergård", "soren ostergard"),
        ("Łukasz Weiß", "lukasz weiss"),
        ("Đỗ Kim", "do kim"),
        ("Æsa Œuvrard", "aesa oeuvrard"),
        ("Þóra Guðmundsdóttir", "thora gudmundsdottir"),
        ("AYŞE YILDIZ", "ayse yildiz"),
        ("Ayşe Yıldız", "ayse yildiz"),
    ],
)
def test_letters_with_and_without_a_decomposition_lose_their_marks(name: str, same: str) -> None:
    assert identity(name) == same


@pytest.mark.parametrize(
    "name",
    [
        "SEAN OBRIEN",
        "Sean O Brien",
        "O'Brien, Sean",
        "O'Brien, Sean, MD",
        "O'Brien Jr., Sean",
        "O'Brien, Jr., Sean",
        "Dr. Sean O'Brien",
        "Dr.Sean O'Brien",
        "Prof. Dr. Sean O'Brien",
        "Sr. Sean O'Brien",
        *(
            f"Sean O'Brien{separator}{degree}"
            for separator in (" ", ", ")
            for degree in (
                *("Jr", "Jr.", "Sr.", "II", "III", "3rd", "MD", "M.D.", "DO", "D.O.", "MBBS", "MBChB", "FACS"),
                *(
                    "F.A.C.S.",
                    "FRCS",
                    "FRCS(Ed)",
                    "PhD",
                    "Ph.D.",
                    "NP",
                    "PA-C",
                    "RN",
                    "MD PhD",
                    "MD, FACS",
                    "MBBS FRCS",
                ),
                *("MD MPH", "RN, BSN", "APRN", "CRNP", "PharmD", "M. D.", "MRCS", "FSCAI", "ACNP-BC", "DNP, FNP-BC"),
            )
        ),
    ],
)
def test_titles_degrees_suffixes_and_order_do_not_count(name: str) -> None:
    assert identity(name) == "sean obrien"


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Kim Do", "kim do"),
        ("Do, Kim", "kim do"),
        ("Do, Kim, DO", "kim do"),
        ("Kim Do, DO", "kim do"),
        ("Kim Do DO", "kim do"),
        ("Kim, D.O.", "kim"),
        ("MD Kim", "md kim"),
        ("Li Ma", "li ma"),
        ("An Ng", "an ng"),
        ("Dr. Judge King", "judge king"),
        ("T.To", "t to"),
        ("A.De Leon", "a de leon"),
        ("Dr.De Souza", "de souza"),
    ],
)
def test_a_name_that_looks_like_a_degree_is_kept(name: str, same: str) -> None:
    assert identity(name) == same


def test_initials_and_every_surname_count() -> None:
    names = ["R. Patel", "S. Patel", "Patel", "Maria Lopez", "Maria E. Lopez", "Maria Lopez Garcia", "Maria Garcia"]
    assert len({identity(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Dr. Do", "do"),
        ("T. Do", "t do"),
        ("Dr. O", "o"),
        ("Jun O", "jun o"),
        ("Dr.Ly", "ly"),
        ("Dr. MD", "dr md"),
        ("Jr", "jr"),
        ("Doctor", "doctor"),
        ("12345", "12345"),
        ("...", "..."),
        ("李小龍", "李小龍"),
    ],
)
def test_no_name_is_empty(name: str, same: str) -> None:
    assert identity(name) == same


def test_a_search_finds_titles_too_because_they_can_be_names() -> None:
    assert person_names.search_words("Dr. Seán O\u2019Brien-Do, M.D.") == ["dr", "sean", "obrien", "do", "m", "d"]


WORDS = [
    "Dr.",
    "Dr",
    "Prof.",
    "Do",
    "DO",
    "MD",
    "M.D.",
    "Jr.",
    "III",
    "FACS",
    "PA-C",
    "RN,",
    ",",
    "Ma",
    "O",
    "T.",
    "Kim",
]
NAMES = st.lists(st.sampled_from([*WORDS, "O'Brien", "Łoś", "Núñez-Ruiz", "de", "la", "Mc", "(Bo)"]), min_size=1).map(
    " ".join
)
# Names in Latin letters. Letter case is not reversible in some other scripts.
LATIN = st.text("abcxyzáñøłßđæœ'.-, OBRIENMDJ", min_size=1, max_size=30)


@given(NAMES | LATIN | st.text(max_size=40))
def test_normalizing_twice_changes_nothing(name: str) -> None:
    assert identity(identity(name)) == identity(name)


@given(NAMES | LATIN | st.text(max_size=40))
def test_every_accepted_name_has_an_identity(name: str) -> None:
    try:
        accepted = parse(payload(doctor=doctor(name=name)), CAMPAIGNS.get).doctor
    except InvalidSubmission:
        return
    assert identity(accepted.name).strip()


@given(NAMES | LATIN, st.sampled_from(APOSTROPHES), st.sampled_from(HYPHENS))
def test_case_apostrophes_and_hyphens_never_change_it(name: str, apostrophe: str, hyphen: str) -> None:
    same = identity(name)
    assert identity(name.upper()) == same
    assert identity(name.lower()) == same
    assert identity(name.replace("'", apostrophe)) == same
    assert identity(name.replace("-", hyphen)) == same


@given(NAMES)
def test_accents_never_change_it(name: str) -> None:
    assert identity(name.replace("e", "é").replace("O", "Ó").replace("i", "ï")) == identity(name)
