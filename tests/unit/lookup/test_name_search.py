"""A typed name as questions to the registry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.validation import Invalid
from referral_intake.lookup.name_search import MOST_QUERIES, folded, read_search


def asked(name: str, state: str = "IL") -> list[tuple[str, str]]:
    """First and last names, in the order in which they are asked for."""
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
        ("Dr.Lopez", [("dr", "lopez"), ("lopez", "dr")]),
        ("Prof. Maria Lopez Jr.", [("maria", "lopez"), ("lopez", "maria")]),
        ("M. Lopez", [("m", "lopez")]),
        ("M.E. Lopez", [("m", "lopez")]),
        ("Maria E. Lopez", [("maria", "lopez")]),
        ("Maria Elena Lopez", [("maria", "elena lopez"), ("maria", "lopez")]),
        ("Maria de la Cruz", [("maria", "de la cruz"), ("maria", "cruz")]),
        ("Núñez", [("", "nunez")]),
        ("Siobhan O’Brien", [("siobhan", "o'brien"), ("siobhan", "obrien"), ("o'brien", "siobhan")]),
        ("Smith-Jones", [("", "smith-jones")]),
    ],
)
def test_a_name_is_understood_in_the_ways_in_which_people_write_it(name: str, expected: list[tuple[str, str]]) -> None:
    assert asked(name) == expected


@pytest.mark.parametrize("name", ["L", "Dr. L", "Doctor", "M. D.", "李小龍", "Mr. J. R."])
def test_a_name_that_is_too_short_or_in_another_script_leads_to_no_questions(name: str) -> None:
    assert asked(name) == []


@pytest.mark.parametrize("name", ["", "  ", "123", "*", "x" * 121, "www.doctor.example", "Maria\x00Lopez"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        read_search(name, "IL")


@pytest.mark.parametrize("state", ["", "Illinoise", "XX", "IL,WI", "*"])
def test_what_is_no_state_is_refused(state: str) -> None:
    with pytest.raises(Invalid):
        read_search("Maria Lopez", state)


def test_what_is_asked_the_same_has_the_same_key_and_nothing_else_has() -> None:
    same = {read_search(name, "IL").key for name in ("Maria Lopez", " dr. MARIA  lopez, MD", "María López")}
    others = {read_search("Maria Lopez", "WI").key, read_search("Maria Lope", "IL").key}
    assert len(same) == 1
    assert len(same | others) == 3
    assert "lopez" not in same.pop()


def test_the_registry_gets_wildcards_and_never_an_initial() -> None:
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
def test_whatever_is_typed_leads_to_a_few_questions_that_the_registry_takes(name: str) -> None:
    try:
        search = read_search(name, "IL")
    except Invalid:
        return
    assert len(search.queries) <= MOST_QUERIES
    for query in search.queries:
        assert len(query.last) >= 2
        assert all(value.isascii() and value.isprintable() for value in query.parameters.values())


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
