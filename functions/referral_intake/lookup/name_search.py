"""Looking for a doctor by name: what somebody types, as questions that the NPI registry (NPPES 2.1) can answer."""

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from referral_intake.core.contact import state as state_code
from referral_intake.core.doctor import TITLES
from referral_intake.core.validation import Invalid, one_line

LONGEST_NAME = 120
# Each costs the patient a part of a second.
MOST_QUERIES = 3
# Goes into every key: count it up when what is kept under a key changes its form.
_VERSION = 1
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
# The registry takes a wildcard after two characters or more.
_SHORTEST = 2
_APOSTROPHES = str.maketrans("\u2019\u2018\u02bc`", "''''")


@dataclass(frozen=True, slots=True)
class Query:
    """One question: doctors of a state whose last name begins so, and whose first name does, if any is given.

    Both are lower case and ASCII. The first name may be an initial.
    """

    first: str
    last: str
    state: str

    @property
    def parameters(self) -> dict[str, str]:
        """As NPPES names them. It can't be asked for an initial: the answer is checked for that."""
        asked = {"enumeration_type": "NPI-1", "state": self.state, "last_name": f"{self.last}*"}
        if len(self.first) >= _SHORTEST:
            # Without its list of nicknames: it finds Robert for Bob, and Bob for nobody who means him.
            asked |= {"first_name": f"{self.first}*", "use_first_name_alias": "False"}
        return asked


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, understood in as many ways as make sense. The first way that finds somebody counts."""

    queries: tuple[Query, ...]

    @property
    def key(self) -> str:
        """The same for everything that leads to the same questions, and nobody can read the name in it."""
        return hashlib.sha256(f"{_VERSION} {self.queries}".encode()).hexdigest()[:32]


def read_search(name: str, state: str) -> Search:
    """Raises Invalid for what is no name or no state. A name that is too short yet leads to no questions."""
    typed = one_line(name, LONGEST_NAME)
    if not any(character.isalpha() for character in typed):
        raise Invalid("required")
    code = state_code(" ".join(state.split()))
    queries = (Query(first, last, code) for first, last in _readings(typed))
    possible = [query for query in queries if len(query.last) >= _SHORTEST and f"{query.first}{query.last}".isascii()]
    return Search(tuple(dict.fromkeys(possible))[:MOST_QUERIES])


def folded(text: str) -> str:
    """Letters alone, without case and accents: `O'Brien-Núñez` and `OBRIEN NUNEZ` are the same name."""
    return "".join(character for character in _ascii(text) if character.isalpha())


def _ascii(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    return "".join(character for character in letters if not unicodedata.combining(character)).casefold()


def _readings(typed: str) -> Iterator[tuple[str, str]]:
    """First and last name, in every way to read what was typed, the likeliest first."""
    for first, last in _splits(typed):
        yield first, last
        if "'" in last:
            yield first, last.replace("'", "")  # The registry has O'BRIEN and OBRIEN.


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
    """The names alone: titles, degrees and suffixes are written by some and left out by others."""
    words = []
    for word in _ascii(typed).replace(",", " ").split():
        if word.replace(".", "") not in TITLES | _SUFFIXES:
            words += [part for part in (piece.strip("'-") for piece in word.split(".")) if folded(part)]
    return words
