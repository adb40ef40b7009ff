"""Registry queries for a typed name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.person_names import letters_only
from referral_intake.core.validation import Invalid
from referral_intake.lookup.name_search import MAX_QUERIES, read_search


def queried(name: str, state: str = "IL") -> list[tuple[str, str]]:
    """First and last names, in the order of the queries."""
    return [(query.first, query.last) for query in read_search(name, state).queries]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Lopez", [("", "lopez")]),
        ("Maria Lopez", [("maria", "lopez"), ("lopez", "maria")]),
        ("Lopez, Maria", [("maria", "lopez")]),
        ("Lopez, Maria, MD", [("maria", "lopez")]),
        ("Maria Lopez, M.D., Ph.D.", [("maria", "lopez"), ("lopez", "maria")]),
        ("Dr. Lopez", [("", "lopez")]),
        ("Dr.Lopez", [("", "lopez")]),
        ("Kim Do", [("kim", "do"), ("do", "kim")]),
        ("Dr. Do", [("", "do")]),
        ("Mai Do MD", [("mai", "do"), ("do", "mai")]),
        ("Jun O", [("jun", "o"), ("o", "jun")]),
        ("Sean O'Brien, MD, FACS", [("sean", "o'brien"), ("sean", "obrien"), ("o'brien", "sean")]),
        ("Sean O'Brien MBBS", [("sean", "o'brien"), ("sean", "obrien"), ("o'brien", "sean")]),
        ("Søren Østergård", [("soren", "ostergard"), ("ostergard", "soren")]),
        ("Prof. Maria Lopez Jr.", [("maria", "lopez"), ("lopez", "maria")]),
        ("M. Lopez", [("m", "lopez")]),
        ("M.E. Lopez", [("m", "lopez")]),
        ("Maria E. Lopez", [("maria", "lopez")]),
        ("Maria Elena Lopez", [("maria", "elena lopez"), ("maria", "lopez")]),
        ("Maria de la Cruz", [("maria", "de la cruz"), ("maria", "cruz")]),
        ("Núñez", [("", "nunez")]),
        ("Siobhan O’Brien", [("siobhan", "o'brien"), ("siobhan", "obrien"), ("o'brien", "siobhan")]),
        ("Smith-Jones", [("", "smith-jones")]),
        ("Sean O Brien", [("sean", "brien"), ("sean", "o'brien"), ("sean", "obrien")]),
        ("O Brien, Sean", [("sean", "o brien"), ("sean", "o'brien")]),
        ("Tony D Angelo", [("tony", "angelo"), ("tony", "d'angelo"), ("tony", "dangelo")]),
        ("Mary Mc Donald", [("mary", "mcdonald"), ("mcdonald", "mary")]),
        ("Mac Donald, Ron", [("ron", "macdonald"), ("macdonald", "ron")]),
    ],
)
def test_a_name_is_understood_in_its_common_spellings(name: str, expected: list[tuple[str, str]]) -> None:
    assert queried(name) == expected


@pytest.mark.parametrize("name", ["L", "Dr. L", "Doctor", "M. D.", "李小龍", "Mr. J. R."])
def test_a_short_name_or_one_in_another_script_gives_no_queries(name: str) -> None:
    assert queried(name) == []


@pytest.mark.parametrize("name", ["", "  ", "123", "*", "x" * 121, "www.doctor.example", "Maria\x00Lopez"])
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        read_search(name, "IL")


@pytest.mark.parametrize("state", ["", "Illinoise", "XX", "IL,WI", "*"])
def test_an_invalid_state_is_refused(state: str) -> None:
    with pytest.raises(Invalid):
        read_search("Maria Lopez", state)


def test_equal_searches_share_one_cache_key_and_others_do_not() -> None:
    same = {read_search(name, "IL").key for name in ("Maria Lopez", " dr. MARIA  lopez, MD", "María López")}
    others = {read_search("Maria Lopez", "WI").key, read_search("Maria Lope", "IL").key}
    assert len(same) == 1
    assert len(same | others) == 3
    assert "lopez" not in same.pop()


def test_queries_use_wildcards_and_never_an_initial() -> None:
    whole, initial = read_search("Maria Lopez", "Illinois").queries[0], read_search("M. Lopez", "il").queries[0]
    assert whole.parameters == {
        "enumeration_type": "NPI-1",
        "state": "IL",
        "last_name": "lopez*",
        "first_name": "maria*",
        "use_first_name_alias": "False",
    }
    assert initial.parameters == {"enumeration_type": "NPI-1", "state": "IL", "last_name": "lopez*"}


@given(st.text(max_size=130))
def test_any_text_gives_a_few_queries_that_the_registry_accepts(name: str) -> None:
    try:
        search = read_search(name, "IL")
    except Invalid:
        return
    assert len(search.queries) <= MAX_QUERIES
    for query in search.queries:
        assert len(query.last) >= 2 or (len(query.first) >= 2 and "*" not in query.parameters["last_name"])
        assert all(value.isascii() and value.isprintable() for value in query.parameters.values())


@given(st.text(max_size=40))
def test_folding_is_idempotent(text: str) -> None:
    assert letters_only(letters_only(text)) == letters_only(text)


def test_a_last_name_of_one_letter_is_the_whole_name_not_a_prefix() -> None:
    query = read_search("Jun O", "IL").queries[0]
    assert (query.parameters["last_name"], query.parameters["first_name"]) == ("o", "jun*")
