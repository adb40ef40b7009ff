"""Change the HTML of a message as SES does to track opens and clicks. All other bytes stay unchanged.

As in https://docs.aws.amazon.com/ses/latest/dg/faqs-metrics.html, plain text and malformed links are not changed. The
link of an anchor with `ses:no-track` is not changed either. The attributes `ses:no-track` and `ses:tags` are removed.
"""

import html
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser

MOST_LINKS = 250
PLACEHOLDER = "{{ses:openTracker}}"

# As in RFC 3986: ASCII only, without spaces.
_LINK = re.compile(r"https?://(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]+))?""")

Tags = Mapping[str, list[str]]


class _Anchors(HTMLParser):
    """Finds the positions of the start tags of anchors, and the end of the body."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[int, str]] = []
        self.body_ends_at = len(text)
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append((self._position(), self.get_starttag_text() or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "body":
            self.body_ends_at = self._position()

    def _position(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def with_tracked_links(text: str, track: Callable[[str, Tags], str]) -> str:
    """Replace the links. `track` receives a link and its tags, and returns the tracked link."""
    parts: list[str] = []
    done = tracked = 0
    for start, tag in _Anchors(text).found:
        found = _attributes(tag)
        changes = {found[name].span(): "" for name in ("ses:no-track", "ses:tags") if name in found}
        link = _value(found.get("href")).strip()
        if "ses:no-track" not in found and tracked < MOST_LINKS and _LINK.fullmatch(link):
            tracked += 1
            address = track(link, _tags(_value(found.get("ses:tags"))))
            changes[found["href"].span(2)] = f'"{html.escape(address)}"'
        parts += [text[done:start], _changed(tag, changes)]
        done = start + len(tag)
    return "".join([*parts, text[done:]])


def with_pixel(text: str, address: str) -> str:
    """Insert the tracking pixel at the placeholder, or at the end of the body if there is none."""
    pixel = f'<img alt="" src="{html.escape(address)}" style="display: none; width: 1px; height: 1px;">'
    if PLACEHOLDER in text:
        return text.replace(PLACEHOLDER, pixel, 1).replace(PLACEHOLDER, "")
    end = _Anchors(text).body_ends_at
    return text[:end] + pixel + text[end:]


def _attributes(tag: str) -> dict[str, re.Match[str]]:
    # If an attribute is repeated, browsers use the first one.
    matches = list(_ATTRIBUTE.finditer(tag, len("<a")))
    return {match[1].lower(): match for match in reversed(matches)}


def _value(attribute: re.Match[str] | None) -> str:
    written = (attribute[2] if attribute else "") or ""
    return html.unescape(written[1:-1] if written[:1] in {'"', "'"} else written)


def _tags(written: str) -> dict[str, list[str]]:
    pairs = [pair.partition(":") for pair in written.split(";") if ":" in pair]
    return {name.strip(): [value.strip()] for name, _, value in pairs}


def _changed(tag: str, changes: Mapping[tuple[int, int], str]) -> str:
    for (start, end), new in sorted(changes.items(), reverse=True):
        tag = tag[:start] + new + tag[end:]
    return tag
