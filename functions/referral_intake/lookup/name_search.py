"""Search for a doctor by name: turn typed text into queries that the NPI registry (NPPES 2.1) can answer."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import nameparser  # noqa: F401  # person_names needs it. At the start, Lambda has the most CPU.

from referral_intake.core.contact import state as state_code
from referral_intake.core.person_names import fold, given_and_family, letters_only
from referral_intake.core.validation import Invalid, one_line

MAX_NAME_LENGTH = 120
# Each query makes the patient wait a fraction of a second.
MAX_QUERIES = 3
# Part of every cache key. Increment it when the format of the cached value changes.
_VERSION = 2
_MC = re.compile(r"\b(mc|mac) (?=\w{2})")
# The registry accepts a wildcard after at least two characters.
_MIN_PREFIX_LENGTH = 2


@dataclass(frozen=True, slots=True)
class Query:
    """One query: doctors in a state whose last name has this prefix, and whose first name has this one, if any.

    Both are lower-case ASCII. The first name can be an initial.
    """

    first: str
    last: str
    state: str

    @property
    def is_short(self) -> bool:
        """Whether the last name is one letter, as in Jun O: then it is the whole name, not a prefix."""
        return len(self.last) < _MIN_PREFIX_LENGTH

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters for NPPES. It does not accept an initial, so `matching` checks the records for it."""
        parameters = {
            "enumeration_type": "NPI-1",
            "state": self.state,
            "last_name": self.last if self.is_short else f"{self.last}*",
        }
        if len(self.first) >= _MIN_PREFIX_LENGTH:
            # Without NPPES's nickname aliases: for Bob they return Robert, which is not what the patient typed.
            parameters |= {"first_name": f"{self.first}*", "use_first_name_alias": "False"}
        return parameters


@dataclass(frozen=True, slots=True)
class Search:
    """Queries for all plausible readings of the typed name. The first query with matches counts."""

    queries: tuple[Query, ...]

    @property
    def key(self) -> str:
        """The cache key: equal for equal queries, and a hash, so that it does not reveal the name."""
        return hashlib.sha256(f"{_VERSION} {self.queries}".encode()).hexdigest()[:32]


def read_search(name: str, state: str) -> Search:
    """Parse the name and state. Raise Invalid if one is not valid. A name that is too short gives no queries."""
    typed = one_line(name, MAX_NAME_LENGTH)
    if not any(character.isalpha() for character in typed):
        raise Invalid("required")
    code = state_code(" ".join(state.split()))
    queries = (Query(first, last, code) for first, last in _readings(typed))
    possible = [query for query in queries if _is_possible(query) and f"{query.first}{query.last}".isascii()]
    return Search(tuple(dict.fromkeys(possible))[:MAX_QUERIES])


def _is_possible(query: Query) -> bool:
    return not query.is_short or len(query.first) >= _MIN_PREFIX_LENGTH


def _readings(typed: str) -> Iterator[tuple[str, str]]:
    """Yield the first and last name of every plausible reading, the most likely first."""
    for first, last in _splits(typed):
        yield first, last
        if "'" in last:
            yield first, last.replace("'", "")  # The registry has both O'BRIEN and OBRIEN.
        if last.startswith(("o ", "d ")):
            yield first, last.replace(" ", "'", 1)  # O Brien, Sean


def _splits(typed: str) -> Iterator[tuple[str, str]]:
    given, family = (_words(part) for part in given_and_family(typed))
    words = given + family
    if given and family and "," in typed and fold(typed).startswith(family[0]):
        yield given[0], " ".join(family)  # Lopez, Maria
    elif len(words) == 1:
        yield "", words[0]
    elif len(words) == 2:
        yield words[0], words[1]
        if len(words[0]) >= _MIN_PREFIX_LENGTH:
            yield words[1], words[0]
    elif words:
        first, *rest = words
        yield first, " ".join(word for word in rest if len(word) > 1)  # Maria de la Cruz
        yield first, rest[-1]  # Maria Elena Lopez
        if rest[-2] in {"o", "d"}:
            yield first, "'".join(rest[-2:])  # Sean O Brien


def _words(folded: str) -> list[str]:
    pieces = (piece.strip("'-") for piece in _MC.sub(r"\1", folded.replace(".", " ")).split())
    return [piece for piece in pieces if letters_only(piece)]
