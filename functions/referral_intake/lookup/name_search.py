"""Search for a doctor by name: turn typed text into queries that the NPI registry (NPPES 2.1) can answer."""

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from referral_intake.core.contact import state as state_code
from referral_intake.core.doctor import TITLES
from referral_intake.core.validation import Invalid, one_line

MAX_NAME_LENGTH = 120
# Each query makes the patient wait a fraction of a second.
MAX_QUERIES = 3
# Part of every cache key. Increment it when the format of the cached value changes.
_VERSION = 1
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
# The registry accepts a wildcard after at least two characters.
_SHORTEST = 2
_APOSTROPHES = str.maketrans("\u2019\u2018\u02bc`", "''''")


@dataclass(frozen=True, slots=True)
class Query:
    """One query: doctors in a state whose last name has this prefix, and whose first name has this one, if any.

    Both are lower-case ASCII. The first name can be an initial.
    """

    first: str
    last: str
    state: str

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters for NPPES. It does not accept an initial, so `matching` checks the records for it."""
        parameters = {"enumeration_type": "NPI-1", "state": self.state, "last_name": f"{self.last}*"}
        if len(self.first) >= _SHORTEST:
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
    possible = [query for query in queries if len(query.last) >= _SHORTEST and f"{query.first}{query.last}".isascii()]
    return Search(tuple(dict.fromkeys(possible))[:MAX_QUERIES])


def folded(text: str) -> str:
    """Return only the letters, without case and accents: `O'Brien-Núñez` and `OBRIEN NUNEZ` are equal."""
    return "".join(character for character in _ascii(text) if character.isalpha())


def _ascii(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    return "".join(character for character in letters if not unicodedata.combining(character)).casefold()


def _readings(typed: str) -> Iterator[tuple[str, str]]:
    """Yield the first and last name of every plausible reading, the most likely first."""
    for first, last in _splits(typed):
        yield first, last
        if "'" in last:
            yield first, last.replace("'", "")  # The registry has both O'BRIEN and OBRIEN.


def _splits(typed: str) -> Iterator[tuple[str, str]]:
    before, _, after = typed.partition(",")
    words, given = _words(before), _words(after)
    if words and given:
        yield given[0], " ".join(words)  # Lopez, Maria
        return
    if len(words) == 1:
        yield "", words[0]
    elif len(words) == 2:
        yield words[0], words[1]
        yield words[1], words[0]
    elif words:
        first, *rest = words
        yield first, " ".join(word for word in rest if len(word) > 1)  # Maria de la Cruz
        yield first, rest[-1]  # Maria Elena Lopez


def _words(typed: str) -> list[str]:
    """Return only the names. Not everyone writes titles, degrees and suffixes."""
    words = []
    for word in _ascii(typed).replace(",", " ").split():
        if word.replace(".", "") not in TITLES | _SUFFIXES:
            words += [part for part in (piece.strip("'-") for piece in word.split(".")) if folded(part)]
    return words
