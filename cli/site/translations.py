"""Check that every language has the same texts."""

import string
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from referral_intake.core.campaign import Campaign

Words = dict[str, str]
"""Every string of a file by its path, for example `form.title` or `ask.steps.0.text`."""


def missing(templates: Path, campaign: Campaign) -> list[str]:
    """Return one line for each text that differs between languages, with its file and path.

    A text differs if it is missing or empty in one language only, or if its placeholders differ.
    """
    files = ["site/text/{}.toml", *(f"campaigns/{campaign.name}/{name}.{{}}.toml" for name in ("page", "guide"))]
    return [line for pattern in files for line in _in(templates, pattern, campaign.locales)]


def _in(templates: Path, pattern: str, locales: tuple[str, ...]) -> Iterator[str]:
    every = {locale: _words(templates / pattern.format(locale)) for locale in locales}
    model = every[locales[0]]
    for locale in locales[1:]:
        file, words = pattern.format(locale), every[locale]
        for place in sorted(model.keys() ^ words.keys()):
            yield f"{file}: {place} is {'missing' if place in model else 'in no other language'}"
        for place in sorted(model.keys() & words.keys()):
            if _braces(model[place]) != _braces(words[place]):
                yield f"{file}: {place} needs the same placeholders as in {locales[0]}"
            if bool(model[place].strip()) != bool(words[place].strip()):
                yield f"{file}: {place} is empty in one language only"


def _words(file: Path) -> Words:
    return dict(_leaves(tomllib.loads(file.read_text("utf-8")), "")) if file.exists() else {}


def _leaves(data: Any, place: str) -> Iterator[tuple[str, str]]:
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else None
    if inside is None:
        yield place, str(data)
        return
    for name, value in inside:
        yield from _leaves(value, f"{place}.{name}" if place else str(name))


def _braces(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
