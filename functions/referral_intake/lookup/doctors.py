"""Find doctors in the public registry while a patient types a name.

The form also works without it. If the registry is slow or down, the response is fast and empty, and says so.
"""

import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus

from aws_lambda_powertools.metrics import MetricUnit

# Imported when Lambda starts the function, when it has the most CPU, not during the first request.
import referral_intake.aws.origin_secret
import referral_intake.aws.registry_signatures
import referral_intake.lookup.match_cache
import referral_intake.lookup.npi_registry  # noqa: F401
from referral_intake.core.errors import Unavailable
from referral_intake.core.submission import REGISTRY_SIGNATURE
from referral_intake.core.validation import Invalid
from referral_intake.lookup.matching import Match, matches
from referral_intake.lookup.name_search import Search, read_search
from referral_intake.lookup.wiring import LookupParts
from referral_intake.observability import logs, metrics
from referral_intake.web import http
from referral_intake.web.http import Event, Response

logger = logs.logger()

# Seconds for the whole request. The patient can continue typing meanwhile.
TIME_LIMIT_SECONDS = 2.0


def respond(event: Event, lookup: LookupParts, now: datetime, budget: float = TIME_LIMIT_SECONDS) -> Response:
    """Answer one request. Every exception becomes a response. The log contains no names, not even a doctor's."""
    parameters = event.get("queryStringParameters") or {}
    try:
        search = read_search(parameters.get("name", ""), parameters.get("state", ""))
    except Invalid:
        return http.problem_response(
            HTTPStatus.BAD_REQUEST, "invalid", "Enter a doctor's name, and the state as two letters."
        )
    started = time.perf_counter()
    try:
        doctors = _with_time_limit(budget, lambda: _signed(_find_doctors(search, lookup, now), lookup))
    except Unavailable as unavailable:
        logger.warning("the registry did not answer", reason=str(unavailable))
    except Exception as error:  # noqa: BLE001  # the form works without the look-up
        # Not its message, which may contain what the patient typed.
        logger.warning("unexpected error", error=type(error).__name__, at=_location(error))
    else:
        return http.json_response(HTTPStatus.OK, {"doctors": doctors, "available": True})
    finally:
        metrics.emit({"LookupTime": 1000 * (time.perf_counter() - started)}, MetricUnit.Milliseconds)
    metrics.count("LookupFailures")
    return http.json_response(HTTPStatus.OK, {"doctors": [], "available": False})


def _find_doctors(search: Search, lookup: LookupParts, now: datetime) -> list[Match]:
    if not search.queries:
        return []
    # If the table does not answer, the registry still may.
    with suppress(Unavailable):
        cached = lookup.cache.get(search.key, now)
        if cached is not None:
            return cached
    found = _search_registry(search, lookup)
    with suppress(Unavailable):
        lookup.cache.put(search.key, found, now)
    return found


def _signed(found: list[Match], lookup: LookupParts) -> list[Match]:
    # Not in the cache, because keys rotate.
    return [{**match, REGISTRY_SIGNATURE: lookup.signatures.sign(match)} for match in found]


def _search_registry(search: Search, lookup: LookupParts) -> list[Match]:
    """Return the matches of the first query that has any."""
    for query in search.queries:
        if found := matches(query, lookup.registry.search(query)):
            return found
    return []


def _location(error: Exception) -> str:
    """Return the file and line that raised it."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return f"{last.filename}:{last.lineno}"


def _with_time_limit(seconds: float, work: Callable[[], list[Match]]) -> list[Match]:
    """Return the result of `work`. Raise its exception, or Unavailable after `seconds`.

    Socket timeouts can't guarantee this: they restart with every byte, and none applies to DNS resolution.
    """
    outcome: Future[list[Match]] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
            outcome.set_exception(error)

    # A daemon thread, so that a late result delays nothing, not even the exit of the process.
    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError:
        raise Unavailable("out of time") from None
