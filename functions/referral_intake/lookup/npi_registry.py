"""A client of the public registry of doctors: NPPES 2.1, over HTTPS."""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import urllib3

from referral_intake.core.errors import Unavailable
from referral_intake.lookup.name_search import Query

# A common name can have more records. Then the patient has to type more of the name anyway.
MAX_RECORDS = 100
MAX_RESPONSE_BYTES = 2 * 1024 * 1024
# These limit each step. The caller limits the total time, because an answer can arrive byte by byte.
_TIMEOUT = urllib3.Timeout(connect=1.0, read=2.0)
_HEADERS = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": "referral-intake"}


class NpiRegistry:
    """Keeps its connection open between requests."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(headers=_HEADERS, timeout=_TIMEOUT, retries=False)

    def search(self, query: Query) -> list[Any]:
        """Return the records. Raise Unavailable without urllib3's message, which would contain the doctor's name."""
        parameters = {"version": "2.1", "limit": str(MAX_RECORDS), **query.parameters}
        try:
            return _records(self._get(f"{self._url}?{urlencode(parameters)}"))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(type(error).__name__) from None

    def _get(self, url: str) -> bytes:
        try:
            return self._get_once(url)
        except urllib3.exceptions.ProtocolError:
            # The server closed the kept connection, maybe while Lambda had frozen this process.
            return self._get_once(url)

    def _get_once(self, url: str) -> bytes:
        response = self._pool.request("GET", url, preload_content=False, redirect=False)
        try:
            body = response.read(MAX_RESPONSE_BYTES + 1)
        except BaseException:
            response.close()
            raise
        if len(body) > MAX_RESPONSE_BYTES:
            response.close()
            raise Unavailable("too large")
        response.release_conn()
        if response.status != HTTPStatus.OK:
            raise Unavailable(f"status {response.status}")
        return body


def _records(body: bytes) -> list[Any]:
    """Parse the records. A refusal has status 200, and `Errors` instead of `results`."""
    try:
        records = json.loads(body)["results"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Unavailable("no results") from None
    if not isinstance(records, list):
        raise Unavailable("no results")
    return records
