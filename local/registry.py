"""Simulate the public registry of doctors (NPPES 2.1), with fictional doctors.

It reproduces the response format and the quirks of the registry: text in capitals, ZIP codes of nine digits, matches of
former names and mailing addresses, organizations, deactivated numbers, and errors with status 200.
"""

import json
import threading
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from local.registry_records import Record, record

_FILE = Path(__file__).with_suffix(".toml")
_NAMES = ("first_name", "last_name", "organization_name")
# Criteria that the registry rejects unless there are others, with the numbers of its errors.
_INSUFFICIENT_ALONE = {"state": "07", "enumeration_type": "09"}


class Registry:
    """The registry. It responds after `delay` seconds with `status`. Both can be changed while it runs.

    `asked` contains the parameters of all requests.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.status = 200
        self.asked: list[dict[str, str]] = []
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Respond to delayed requests immediately."""
        self._stopped.set()

    def answer(self, request: Request) -> Response:
        asked = {name: value.strip() for name, value in request.args.items() if value.strip()}
        self.asked.append(asked)
        self._stopped.wait(self.delay)
        if self.status != 200:
            return Response("<html>Service Unavailable</html>", self.status, content_type="text/html")
        errors = list(_errors(asked))
        return _json({"Errors": errors} if errors else self._found(asked))

    def _found(self, asked: Mapping[str, str]) -> dict[str, Any]:
        found = [each for each in self.records if _is_found(each, asked)]
        skip, limit = int(asked.get("skip", 0)), min(int(asked.get("limit", 10)), 200)
        page = found[skip : skip + limit]
        return {"result_count": len(page), "results": page}

    @cached_property
    def records(self) -> list[Record]:
        listed = tomllib.loads(_FILE.read_text("utf-8"))["records"]
        return [record(number, one) for number, one in enumerate(listed)]


def _errors(asked: Mapping[str, str]) -> Iterator[dict[str, str]]:
    if asked.get("version") != "2.1":
        yield {"description": "Unsupported Version", "field": "version", "number": "15"}
    for name in _NAMES:
        if asked.get(name, "").endswith("*") and len(asked[name]) < 3:
            yield {"description": "Wildcards require at least two leading characters", "field": name, "number": "08"}
    if not asked.keys() & {*_NAMES, "number"}:
        for name, number in _INSUFFICIENT_ALONE.items():
            if name in asked:
                yield {
                    "description": f"Field {name} requires additional search criteria",
                    "field": name,
                    "number": number,
                }
        if not asked.keys() & _INSUFFICIENT_ALONE.keys():
            yield {"description": "No valid search criteria provided", "field": "general", "number": "04"}


def _is_found(each: Record, asked: Mapping[str, str]) -> bool:
    basic = each["basic"]
    names = [basic, *each["other_names"]]
    # The registry also finds an organization by the name of its authorized official.
    names.append({name.removeprefix("authorized_official_"): value for name, value in basic.items()})
    places = each["addresses"] + each["practiceLocations"]
    return (
        all(any(_is_like(name.get(part, ""), asked[part]) for name in names) for part in _NAMES if part in asked)
        and ("state" not in asked or any(place["state"] == asked["state"].upper() for place in places))
        and asked.get("enumeration_type", each["enumeration_type"]) == each["enumeration_type"]
        and asked.get("number", each["number"]) == each["number"]
    )


def _is_like(text: str, pattern: str) -> bool:
    wanted = pattern.casefold()
    return text.casefold().startswith(wanted[:-1]) if wanted.endswith("*") else text.casefold() == wanted


def _json(data: dict[str, Any]) -> Response:
    return Response(json.dumps(data), content_type="application/json")
