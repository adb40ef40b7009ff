"""Deliver batches of stream records as Lambda does: retries, bisection, partial failures, on-failure records."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from samlocal.runtime.functions import FunctionFailed

Record = dict[str, Any]
Invoke = Callable[[Sequence[Record]], Any]


@dataclass(frozen=True, slots=True)
class Rules:
    max_retries: int | None
    bisect: bool
    partial_failures: bool


@dataclass(frozen=True, slots=True)
class SkippedBatch:
    """Records that are skipped after all retries. `answered` says whether the function returned a response."""

    records: Sequence[Record]
    invocations: int
    answered: bool


def deliver(
    batch: Sequence[Record],
    invoke: Invoke,
    rules: Rules,
    pause: Callable[[int], None],
) -> Iterator[SkippedBatch]:
    """Invoke the function until each record succeeds or is skipped after its retries, and yield the skipped ones.

    `pause` is called before each further invocation, with the number of retries so far.
    """
    # A split does not count as a retry, so each part continues with the retries of the whole batch.
    open_parts: list[tuple[Sequence[Record], int]] = [(batch, 0)]
    while open_parts:
        records, retries = open_parts.pop(0)
        failed_from, answered = _invoke(records, invoke, rules)
        if failed_from is None:
            continue
        rest = records[failed_from:]
        if rules.bisect and failed_from > 0:
            # The function reported the first failure. Lambda splits the batch there.
            open_parts.insert(0, (rest, retries))
        elif rules.bisect and len(rest) > 1:
            middle = len(rest) // 2
            open_parts[:0] = [(rest[:middle], retries), (rest[middle:], retries)]
        elif rules.max_retries is None or retries < rules.max_retries:
            open_parts.insert(0, (rest, retries + 1))
        else:
            yield SkippedBatch(rest, retries + 1, answered)
            continue
        pause(retries)


def _invoke(records: Sequence[Record], invoke: Invoke, rules: Rules) -> tuple[int | None, bool]:
    """Return the index of the first failure or None, and whether the function returned a response."""
    try:
        answer = invoke(records)
    except FunctionFailed:
        return 0, False
    ids = [sequence_number(record) for record in records]
    return (first_failure(answer, ids) if rules.partial_failures else None), True


def sequence_number(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def first_failure(answer: Any, ids: Sequence[str]) -> int | None:
    """Return the index of the first failure, from which Lambda retries. An invalid response fails the whole batch."""
    failures = reported(answer)
    if failures is None or any(failure not in ids for failure in failures):
        return 0
    return min((ids.index(failure) for failure in failures), default=None)


def reported(answer: Any) -> list[str] | None:
    """Return the ids in `batchItemFailures`, or None if they are invalid, so that the whole batch fails."""
    items = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not items:
        return []
    ids = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    readable = [one for one in ids if isinstance(one, str) and one]
    return readable if len(readable) == len(ids) else None
