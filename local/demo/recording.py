"""Collect the writes of the recorder: those that a load in the last week can need, without random ids."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from local.demo import history
from local.demo.history import Images, Item

# A test records the history again up to this time, and compares it.
CHECK_TIME = history.START + timedelta(weeks=3)

# Ids of messages and of audit records, and hashes of sources, which are made with a random key of the day.
_RANDOM_ID = re.compile(
    r"\b0100[0-9a-f]{12}(?:-[0-9a-f]+){6}\b|(?<=Z#)[0-9a-f]{16}\b"
    r'|(?<=source#)[0-9a-f]{32}\b|(?<=")(?<!"content":{"S":")[0-9a-f]{32}(?=")'
)


class Recording:
    """The recorded images of items. `site_url` is the URL in recorded links, which a placeholder replaces."""

    def __init__(self, site_url: str) -> None:
        self._site_url = site_url
        self._items: dict[tuple[str, str], Images] = {}
        self._ids: dict[str, str] = {}

    def note(self, at: datetime, item: Item) -> None:
        """Add a written item. Messages and items that expire before the last week are not kept.

        A load renders messages itself.
        """
        image, moment = self._without_random_ids(item), _text(at)
        key = image["pk"]["S"], image["sk"]["S"]
        images = self._items.setdefault(key, [])
        if history.is_expired(image, history.EARLIEST_END) or key[1].startswith("message#"):
            del self._items[key]
            return
        if images and not _is_needed(images[-1][0], moment):
            images.pop()
        images.append((moment, image))

    def lines(self) -> Iterator[str]:
        return (_dumped(images) for images in self._items.values())

    def _without_random_ids(self, item: Item) -> Item:
        """Replace random ids with numbers, so that the same history gives the same text."""
        kept = {name: value for name, value in item.items() if name != "attempt"}
        text = _dumped(kept).replace(self._site_url, history.SITE_URL)
        text = _RANDOM_ID.sub(lambda match: self._numbered(match[0]), text)
        image: Item = json.loads(text, object_hook=_with_sorted_sets)
        _without_wording(image)
        return image

    def _numbered(self, drawn: str) -> str:
        return self._ids.setdefault(drawn, f"{len(self._ids):06}")


def _is_needed(written: str, overwritten: str) -> bool:
    """Return whether an image is needed that was current between the two times."""
    return written <= _text(CHECK_TIME) < overwritten or overwritten > _text(history.EARLIEST_END)


def _with_sorted_sets(found: dict[str, Any]) -> dict[str, Any]:
    return {name: sorted(value) if name == "SS" else value for name, value in found.items()}


def _without_wording(image: Item) -> None:
    """Remove the version and content hash of messages, because a load renders the messages again."""
    for written in image.get("messages", {}).get("M", {}).values():
        for one in written["M"]["tries"]["M"].values():
            del one["M"]["version"], one["M"]["content_hash"]


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
