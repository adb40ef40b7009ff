"""How Lambda gives a batch of stream records to a function: retries, bisection, partial failures, giving up."""

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
class GivenUp:
    """Records that the stream goes past."""

    records: Sequence[Record]
    invocations: int
    answered: bool


def deliver(
    batch: Sequence[Record],
    invoke: Invoke,
    rules: Rules,
    pause: Callable[[int], None],
) -> Iterator[GivenUp]:
    """Gives the batch to the function until each record is done or given up. `pause` gets the number of retries."""
    # Splitting doesn't count as a retry, so each part goes on with what the whole had used up.
    open_parts: list[tuple[Sequence[Record], int]] = [(batch, 0)]
    while open_parts:
        records, retries = open_parts.pop(0)
        failed_from, answered = _invoke(records, invoke, rules)
        if failed_from is None:
            continue
        rest = records[failed_from:]
        if rules.bisect and failed_from > 0:
            # The function said where it failed: that is where the batch is split.
            open_parts.insert(0, (rest, retries))
        elif rules.bisect and len(rest) > 1:
            middle = len(rest) // 2
            open_parts[:0] = [(rest[:middle], retries), (rest[middle:], retries)]
        elif rules.max_retries is None or retries < rules.max_retries:
            open_parts.insert(0, (rest, retries + 1))
        else:
            yield GivenUp(rest, retries + 1, answered)
            continue
        pause(retries)


def _invoke(records: Sequence[Record], invoke: Invoke, rules: Rules) -> tuple[int | None, bool]:
    """Where the first failure is, if there is one, and whether the function answered at all."""
    try:
        answer = invoke(records)
    except FunctionFailed:
        return 0, False
    ids = [sequence_number(record) for record in records]
    return (first_failure(answer, ids) if rules.partial_failures else None), True


def sequence_number(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def first_failure(answer: Any, ids: Sequence[str]) -> int | None:
    """Everything from the lowest failure on is done again. An answer that can't be read fails the whole batch."""
    failures = reported(answer)
    if failures is None or any(failure not in ids for failure in failures):
        return 0
    return min((ids.index(failure) for failure in failures), default=None)


def reported(answer: Any) -> list[str] | None:
    """The ids in `batchItemFailures`, or None where Lambda would take the whole batch for failed."""
    items = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not items:
        return []
    ids = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    readable = [one for one in ids if isinstance(one, str) and one]
    return readable if len(readable) == len(ids) else None
