"""Names of people: one normalization for identifiers, the search on the dashboard and the doctor look-up.

`fold` makes spellings equal: letter case, accents, letters such as ø and ß, and the kinds of apostrophes and hyphens.
`search_words` splits a name, with everything in it. `names_only` leaves out titles, degrees and generational suffixes.
`identity` is the form in which two spellings of one name are equal. It keeps initials and every surname, and it is
never empty: a name of titles only is used as a whole. It is part of stored hashes, so a change needs a new VERSION.
"""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nameparser import Parser

VERSION = 2
"""The version of `identity` and of `mailboxes.mailbox`. Hashes of version 1 did not name it."""
TITLES = frozenset(
    {
        *("dr", "dra", "drs", "doctor", "doctora", "prof", "professor", "profesor", "profesora", "mr", "mrs"),
        *("ms", "miss", "mx", "sr", "sra", "sir", "mister", "med"),
    }
)
# In addition to the degrees that nameparser knows.
DEGREES = frozenset(
    {
        *("md", "do", "phd", "np", "pa", "pac", "rn", "mbbs", "mbchb", "bmbs", "mbbch", "mrcp", "frcs"),
        *("frcp", "frcr", "frcpc", "frcsc", "facs", "facp", "facc", "faans", "faaos", "facr", "fascrs"),
        *("aprn", "crnp", "fnp", "fnpc", "dnp", "arnp", "msn", "bsn", "dpm", "dds", "dmd", "od", "dc"),
        *(
            "mrcs",
            "mrcgp",
            "mrcog",
            "frcog",
            "frcophth",
            "frcsi",
            "frcpi",
            "franzcr",
            "fracp",
            "fracs",
            "fscai",
            "fsir",
        ),
        *(
            "faap",
            "facep",
            "facog",
            "facoi",
            "facrm",
            "fhm",
            "sfhm",
            "fccp",
            "fccm",
            "fasco",
            "fahns",
            "fastro",
            "acnp",
        ),
        *("acnpbc", "agacnp", "agnp", "fnpbc", "whnp", "pmhnp", "crna", "cnm", "lcsw", "bds", "bao", "rph", "aocnp"),
        *("pharmd", "scd", "mph", "mba", "msc", "ms", "jd", "dnb", "mch", "abfm", "2nd", "3rd", "4th", "5th"),
    }
)
# nameparser takes these for degrees or generations. They are more often initials or surnames.
_NAMES = frozenset(["i", "v", "x", "1", "2", "3", "ma", "ba", "ed", "an", "ng", "lac", "cho", "cha", "chan"])
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_APOSTROPHES = re.compile(
    "[\u0027\u0060\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\u2018\u2019\u201b\u2032\u2035\ua78c\uff07]"
)
_HYPHENS = re.compile("[\u058a\u2010-\u2015\u2043\u207b\u208b\u2212\ufe58\ufe63\uff0d]")
_APART = re.compile(r"(?<=\w)'\s+(?=\w)")  # O' Brien
_GLUED = re.compile(r"\.(?=[^\W\d_]{2})")  # Dr.Ly
_POSTNOMINAL = re.compile(r"(?<=\w)\([^()]*\)")  # FRCS(Ed)
_SPACED = re.compile(r"(?<=\S )(m|d|ph)\. ?(d|o)\b\.?(?=\s*(?:,|$))")  # M. D.
_PREFIX = re.compile(r"(?<=\w )(o|d|mc|mac) (?=[^\W\d_]{2})")  # Sean O Brien, Mary Mc Donald
# These have no decomposition in Unicode.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n"}
    | {"ĸ": "k", "ƒ": "f", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ə": "e", "ß": "ss"}
)


def fold(text: str) -> str:
    """Return the text without case and accents, with `'` and `-` for every kind of apostrophe and hyphen."""
    # Before NFKC, which turns U+00B4 into a space with an accent.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", plain_marks(text)).casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return _APART.sub("'", " ".join(letters.translate(_LETTERS).split()))


def letters_only(text: str) -> str:
    """Return only the folded letters: `O'Brien-Núñez` and `OBRIEN NUNEZ` are equal."""
    return "".join(character for character in fold(text) if character.isalpha())


def search_words(name: str) -> list[str]:
    """Return the folded words of a name, without apostrophes. Keep titles: Do is also a name."""
    return [word.replace("'", "") for word in _WORD.findall(fold(name))]


def plain_marks(text: str) -> str:
    """Return the text with `'` and `-` for every kind of apostrophe and hyphen."""
    return _HYPHENS.sub("-", _APOSTROPHES.sub("'", text))


def is_title_or_degree(word: str) -> bool:
    """Whether the word is one in the fixed lists, with or without dots. Some are also names: Do."""
    bare = _bare(fold(word))
    return bare in TITLES or bare in _degrees()


def identity(name: str) -> str:
    """Return the form in which all spellings of a name are equal. It is never empty if the name is not."""
    whole = " ".join(search_words(name)) or fold(name) or name
    found = _joined(names_only(name)) or whole
    # A second pass can find another degree. The result is the form that does not change any more.
    while (again := _joined(names_only(found)) or found) != found:
        found = again
    return found


def names_only(name: str) -> list[str]:
    """Return the given names, initials and surnames as folded words in this order. It can be empty."""
    words = _WORD.findall(" ".join(given_and_family(name)))
    while len(words) > 2 and words[-1] == words[-2] == "do":
        words.pop()  # Anna Do DO
    return words


def given_and_family(name: str) -> tuple[str, str]:
    """Return the folded given names and surnames without titles and degrees. Both can be empty."""
    text = _POSTNOMINAL.sub("", _GLUED.sub(". ", _SPACED.sub(r"\1.\2.", fold(name))))
    parsed = _parser().parse(_without_segments_of_degrees(text))
    # A maiden name is a surname, too.
    found = f"{parsed.given} {parsed.middle}".strip(), f"{parsed.family} {parsed.maiden}".strip()
    return found if set(_WORD.findall(" ".join(found))) - TITLES else ("", "")


def _joined(words: list[str]) -> str:
    return _PREFIX.sub(r"\1", " ".join(word.replace("'", "") for word in words))


def _without_segments_of_degrees(text: str) -> str:
    """Return `lopez, juan` for `lopez, jr., juan, m.d.`: what is left is the surname and the given names."""
    surname, *others = (segment.strip() for segment in text.split(","))
    is_short = len([word for word in surname.split() if word.strip(".") not in TITLES]) < 2
    names = [segment for segment in others if segment and not _has_only_degrees(segment, is_after_one_name=is_short)]
    return ", ".join(filter(None, (surname, " ".join(names))))


def _has_only_degrees(segment: str, *, is_after_one_name: bool) -> bool:
    # "Kim, Do" is Do Kim. "Kim, D.O." and "Mai Kim, DO" have a degree.
    if is_after_one_name and segment == "do":
        return False
    return all(_bare(word) in _degrees() | TITLES for word in segment.split())


def _bare(word: str) -> str:
    return word.replace(".", "").replace("-", "")


@cache
def _degrees() -> frozenset[str]:
    from nameparser import Lexicon

    known = Lexicon.default()
    return ((known.suffix_acronyms | known.suffix_words) - known.suffix_acronyms_ambiguous - _NAMES) | DEGREES


@cache
def _parser() -> "Parser":
    # Imported here so that a function that does not compare names does not pay for the import at a cold start.
    from dataclasses import replace

    from nameparser import Lexicon, Parser, Policy

    known = Lexicon.default()
    lexicon = replace(
        known,
        # Most of the other titles are also surnames: King, Judge, Bishop.
        titles=TITLES,
        given_name_titles=frozenset(),
        after_given_titles=frozenset(),
        suffix_acronyms=(known.suffix_acronyms - _NAMES) | DEGREES,
        suffix_acronyms_ambiguous=known.suffix_acronyms_ambiguous - _NAMES - DEGREES | {"do", "ms"},
        suffix_words=known.suffix_words - _NAMES,
        capitalization_exceptions=(),
    )
    # Names in other scripts keep their order.
    policy = Policy(
        script_orders=(), segment_scripts=frozenset(), nickname_delimiters=frozenset({("(", ")"), ('"', '"')})
    )
    return Parser(lexicon=lexicon, policy=policy)
