"""Which names look like a person's name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.name_shape import is_usual, reads_as_sentence
from referral_intake.core.validation import Invalid, one_line
from tests.support.doctor_names import HELD_REAL_NAMES, HOSTILE_NAMES, REAL_NAMES

ALL_REAL_NAMES = [name for names in REAL_NAMES.values() for name in names]


def test_there_are_enough_names() -> None:
    assert len({*ALL_REAL_NAMES, *HELD_REAL_NAMES}) >= 200
    assert len(set(HOSTILE_NAMES)) >= 40


@pytest.mark.parametrize("name", ALL_REAL_NAMES)
def test_a_real_name_is_usual_and_no_sentence(name: str) -> None:
    assert is_usual(one_line(name, 120))
    assert not reads_as_sentence(name)


@pytest.mark.parametrize("name", HELD_REAL_NAMES)
def test_few_real_names_are_unusual(name: str) -> None:
    assert not is_usual(name)


@pytest.mark.parametrize(
    "name",
    ["evil.zip", "evil.com", "dr.co.uk", "Lopez.", "Maria.Lopez", "x@t.co", "a/b", "a:b", "a\\b", "(click)"],
)
def test_a_dot_follows_only_an_initial_or_an_abbreviation(name: str) -> None:
    assert not is_usual(name)


@pytest.mark.parametrize(
    ("longest", "longer"),
    [
        ("Ana Bea Cam Dee Eve Fay", "Ana Bea Cam Dee Eve Fay Gil"),
        ("Dr. Ana Bea Cam Dee Eve Fay, Jr., MD, PhD, FACS", "Dr. Ana Bea Cam Dee Eve Fay Gil, Jr., MD, PhD"),
        ("A" * 60, "A" * 61),
        (f"{'A' * 30} {'B' * 29}, MD, FACS", f"{'A' * 30} {'B' * 30}, MD, FACS"),
        ("Ana Bea-Cam-Dee", "Ana Bea-Cam-Dee-Eve"),
        ("Lopez, Ana", "Lopez, Ana, Bea"),
        ("Lopez, Jr., Ana, MD, FACS", "Lopez, Jr., Ana, MD, now"),
        ("e\u0323\u0302\u0301a", "e\u0323\u0302\u0301\u0301\u0301\u0301a"),
    ],
    ids=str,
)
def test_a_name_has_a_greatest_length(longest: str, longer: str) -> None:
    assert is_usual(longest)
    assert not is_usual(longer)


@pytest.mark.parametrize(
    "name",
    [
        "M\u0430ria Lopez",  # A Cyrillic a.
        "\u041cария Lopez Иванова",
        "王 Wang 小明",
        "王小明 Мария",
        "\U0001d40caria",
        "\uff2d\uff41\uff52\uff49\uff41 Lopez",
        "Maria\u01c3",
        "Maria \u01c0",
        "\u24b6na",
        "Ana 1",
        "\u0661\u0662",
        "'Ana'",
        "O''Brien",
        "Ana-",
        "-Ana",
        "\u0301Ana",
        "Ana_Bea",
        "Ana,,Bea",
        ",",
        "-",
        ".",
        "",
    ],
    ids=ascii,
)
def test_mixed_scripts_lookalikes_digits_and_signs_are_unusual(name: str) -> None:
    assert not is_usual(name)


@pytest.mark.parametrize("name", ["MD", "Dr. Do", "Dr.", "Maria Lopez,", "Lopez - Garcia", "FRCS(Ed)"])
def test_a_name_of_titles_or_with_a_stray_sign_is_usual(name: str) -> None:
    assert is_usual(name)


@pytest.mark.parametrize(
    "name",
    [
        "Final notice your account closes",
        "Account Suspended",
        "You will die tomorrow",
        "Evil dot com",
        "Send-Bitcoin Now",
        "Su cuenta ha sido suspendida",
        "Llame ahora",
    ],
)
def test_two_ordinary_words_that_are_half_of_the_name_read_as_a_sentence(name: str) -> None:
    assert reads_as_sentence(name)


@pytest.mark.parametrize("name", ["Rose Young", "Mark Brown, MD", "Maria Account Lopez", "Grace Park", "Will Do"])
def test_words_that_are_also_names_do_not_make_a_sentence(name: str) -> None:
    assert not reads_as_sentence(name)


@given(st.text(max_size=70))
def test_a_usual_name_has_only_letters_marks_and_five_signs(text: str) -> None:
    try:
        name = one_line(text, 120, may_have_link=True)
    except Invalid:
        return
    if is_usual(name):
        assert not set(name) & set('<>&"={}[]()/\\@:;!?#$%*+|~^_')
        assert any(map(str.isalpha, name))
