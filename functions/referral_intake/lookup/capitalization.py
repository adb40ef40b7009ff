"""Convert the registry's upper-case text to normal capitalization. Text with lower-case letters stays unchanged."""

import re

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ORDINAL = re.compile(r"\d+(?:ST|ND|RD|TH)")
# Parts of an address that stay in capitals.
_KEPT_CAPITALS = frozenset({"NE", "NW", "SE", "SW", "PO", "US"})
_INNER_CAPITAL = re.compile(r"\b(Mc|[A-Z]')([a-z])(?=[a-z])")


def readable(text: str) -> str:
    """Convert `1401 NE 42ND ST` to `1401 NE 42nd St`."""
    return _WORD.sub(lambda match: _word(match[0]), text) if text.isupper() else text


def readable_name(text: str) -> str:
    """Convert `O'BRIEN-MCDONALD` to `O'Brien-McDonald`."""
    if not text.isupper():
        return text
    capitalized = _WORD.sub(lambda match: match[0].capitalize(), text)
    return _INNER_CAPITAL.sub(lambda match: match[1] + match[2].upper(), capitalized)


def _word(word: str) -> str:
    if _ORDINAL.fullmatch(word):
        return word.lower()
    if word in _KEPT_CAPITALS or any(character.isdigit() for character in word):
        return word
    return word.capitalize()
