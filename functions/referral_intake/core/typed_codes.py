"""Codes that people type: base 32 in groups of four, such as `K3QF-7ZTA-MM2X`."""

import base64
import re
import unicodedata

GROUP = 4
# Base 32 does not have these digits. A person who types one has misread a letter.
_MISREAD = str.maketrans("018", "OIB")
_CODE = re.compile(r"[A-Z2-7-]+")


def encode(data: bytes, groups: int) -> str:
    """Return the first bits of the data as a code: 20 bits for each group."""
    text = base64.b32encode(data).decode()
    return "-".join(text[start : start + GROUP] for start in range(0, groups * GROUP, GROUP))


def normalized(typed: str) -> str:
    """Return the code that a person typed, in its normal form, or an empty string if it can't be one."""
    # A person may type any hyphen or none, and text that is pasted may have invisible characters.
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", typed))).upper().translate(_MISREAD)
    code = "-".join(letters[start : start + GROUP] for start in range(0, len(letters), GROUP))
    return code if _CODE.fullmatch(code) else ""


def has_groups(code: str, groups: int) -> bool:
    """Whether a code in the normal form has this number of groups."""
    return len(code) == groups * (GROUP + 1) - 1
