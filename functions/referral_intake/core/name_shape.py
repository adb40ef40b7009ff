"""Whether a name looks like a person's name. Other names are stored as typed, and held for a person's review.

A person's name has letters with marks, apostrophes, hyphens and spaces, a dot after an initial or an abbreviation, and
commas before degrees or given names. It has at most 6 words and 60 characters. Titles and degrees do not count, because
they are from fixed lists. Each word is in one script. A name has one script, or one beside its romanized form.
"""

import itertools
import re
import unicodedata

from referral_intake.core.ordinary_words import is_ordinary
from referral_intake.core.person_names import DEGREES, TITLES, fold, is_title_or_degree, plain_marks

MAX_WORDS = 6
MAX_LENGTH = 60
# Final-notice-your-account is four words.
_MAX_HYPHENS = 2
_MAX_MARKS = 3
_ABBREVIATIONS = frozenset(
    {
        *("st", "ste", "ma", "wm", "geo", "chas", "jos", "thos", "jas", "rob", "fr", "rev", "hon", "esq", "jun", "sen"),
        *("col", "gen", "capt", "cpt", "cdr", "lt", "maj", "ing", "lic", "dipl", "univ", "habil", "priv", "doz", "doc"),
        *("assoc", "asst", "em", "fam", "hno", "mag"),
    }
)
_NEUTRAL = "\u00aa\u00ba"  # Mª Carmen
_HALF_RINGS = str.maketrans({"\u02be": "'", "\u02bf": "'"})  # ʿAlī
# Gal·la, ジョン・スミス, and the Hebrew hyphen.
_OTHER_HYPHENS = str.maketrans(dict.fromkeys("\u00b7\u2027\u30fb\u05be", "-"))
_JOINERS = re.compile("[\u200c\u200d]")
_GLUED = re.compile(r"\.(?=[^\W\d_]{2})")  # Dr.Ly
_COLLEGE = re.compile(r"(?<=[A-Z])\((?:Ed|Edin|Eng|Glas|Glasg|Hon|I|Irel|Lond|UK|C)\)")  # FRCS(Ed)
_PART = re.compile(r"'?[^\W\d_]+(?:'[^\W\d_]+)*'?")
_QUOTED = re.compile(r"'.*'")
_NO_SCRIPT = ""
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*\.?")
_JAPANESE_AND_CHINESE = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"})


def is_usual(name: str) -> bool:
    """Whether the name looks like a person's name."""
    segments = [segment.split() for segment in _segments(name)]
    words = [word for segment in segments for word in segment if word != "-"]
    # A name such as "Dr. Do" has only titles and degrees.
    counted = [word for word in words if not is_title_or_degree(word)] or words
    with_names = [segment for segment in segments if not all(map(is_title_or_degree, segment))]
    return (
        all(segments)
        and len(with_names) <= 2
        and 0 < len(counted) <= MAX_WORDS
        and len(" ".join(counted)) <= MAX_LENGTH
        and all(_is_word(word) for word in counted)
        and _has_usual_scripts(counted)
    )


def reads_as_sentence(name: str) -> bool:
    """Whether at least two words, and at least half of them, are ordinary words."""
    # Without nameparser's degrees, because the dashboard does not import it.
    words = [word for word in re.findall(r"[^\W\d_]+", fold(name)) if word not in TITLES | DEGREES]
    ordinary = sum(map(is_ordinary, words))
    return ordinary >= 2 and 2 * ordinary >= len(words)


def _segments(name: str) -> list[str]:
    plain = plain_marks(_JOINERS.sub("", unicodedata.normalize("NFC", name))).translate(_HALF_RINGS | _OTHER_HYPHENS)
    return _GLUED.sub(". ", _COLLEGE.sub("", plain)).strip().removesuffix(",").split(",")


def _is_word(word: str) -> bool:
    letters = _without_marks(word)
    return (
        letters is not None
        and letters.count("-") <= _MAX_HYPHENS
        and all(_is_part(part) for part in letters.split("-"))
    )


def _is_part(part: str) -> bool:
    """Whether it is a name between hyphens: `O'Brien`, `J.R.` or `St.`"""
    if "." in part:
        is_abbreviation = part.count(".") == 1 and part.endswith(".") and fold(part[:-1]) in _ABBREVIATIONS
        return is_abbreviation or is_title_or_degree(part) or bool(_INITIALS.fullmatch(part))
    return bool(_PART.fullmatch(part)) and not _QUOTED.fullmatch(part)


def _without_marks(word: str) -> str | None:
    """Return the word without combining marks, or None if they are more than letters have in any language."""
    letters: list[str] = []
    marks = 0
    for character in word:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Mc"} else 0
        if marks > _MAX_MARKS or (marks and not letters):
            return None
        if not marks:
            letters.append(character)
    return "".join(letters)


def _has_usual_scripts(words: list[str]) -> bool:
    scripts = [_scripts(word) for word in words if not is_title_or_degree(word)]
    if any(len(of_word) != 1 or _NO_SCRIPT in of_word for of_word in scripts):
        return False
    in_order = [next(iter(of_word)) for of_word in scripts]
    changes = sum(one != other for one, other in itertools.pairwise(in_order))
    return changes == 0 or (changes == 1 and "LATIN" in in_order)


def _scripts(word: str) -> set[str]:
    """Return the scripts of the word's letters, with _NO_SCRIPT for letters that only look like others."""
    return {_script(character) for character in word if character.isalpha() and character not in _NEUTRAL}


def _script(letter: str) -> str:
    if unicodedata.normalize("NFKC", letter) != letter:
        return _NO_SCRIPT  # Mathematical, circled and full-width letters.
    script = unicodedata.name(letter, _NO_SCRIPT).partition(" ")[0]
    if script == "LATIN" and letter.upper() == letter.lower():
        return _NO_SCRIPT  # Clicks, which look like ! and |.
    return "CJK" if script in _JAPANESE_AND_CHINESE else script
