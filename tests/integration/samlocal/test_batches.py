"""Delivery of a batch of stream records: retries, bisection and partial failures."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from samlocal.events.stream_batches import Record, Rules, SkippedBatch, deliver, first_failure
from samlocal.runtime.functions import FunctionFailed

Answer = Callable[[list[str]], Any]


def record(number: str) -> Record:
    return {"dynamodb": {"SequenceNumber": number}}


def numbers(records: Sequence[Record]) -> str:
    return "".join(str(one["dynamodb"]["SequenceNumber"]) for one in records)


def run(batch: str, answer: Answer, rules: Rules) -> tuple[list[str], list[SkippedBatch]]:
    """All batches that the function received, and the records that were given up."""
    batches: list[str] = []

    def invoke(records: Sequence[Record]) -> Any:
        batches.append(numbers(records))
        return answer(list(batches[-1]))

    skipped = list(deliver([record(number) for number in batch], invoke, rules, lambda _: None))
    return batches, skipped


def fails_with(poison: str) -> Answer:
    def answer(batch: list[str]) -> None:
        if poison in batch:
            raise FunctionFailed

    return answer


def reports(*poison: str) -> Answer:
    return lambda batch: {"batchItemFailures": [{"itemIdentifier": one} for one in batch if one in poison]}


def test_a_successful_batch_is_delivered_once() -> None:
    assert run("123", lambda _: None, Rules(1, bisect=True, partial_failures=True)) == (["123"], [])


def test_a_failing_batch_is_retried_up_to_the_limit_and_then_skipped() -> None:
    batches, skipped = run("123", fails_with("2"), Rules(2, bisect=False, partial_failures=False))

    assert batches == ["123"] * 3
    assert [(numbers(lost.records), lost.invocations, lost.answered) for lost in skipped] == [("123", 3, False)]


def test_bisection_isolates_the_failing_record_without_using_retries() -> None:
    batches, skipped = run("1234", fails_with("3"), Rules(1, bisect=True, partial_failures=False))

    assert batches == ["1234", "12", "34", "3", "3", "4"]
    assert [(numbers(lost.records), lost.invocations) for lost in skipped] == [("3", 2)]


def test_after_a_partial_failure_all_records_from_the_lowest_are_retried() -> None:
    failures = iter([["3", "2"], []])
    batches, skipped = run(
        "1234", lambda _: reports(*next(failures))(list("1234")), Rules(1, bisect=False, partial_failures=True)
    )

    assert (batches, skipped) == (["1234", "234"], [])


def test_partial_failures_with_bisection_lose_only_the_failing_record() -> None:
    batches, skipped = run("12345", reports("3"), Rules(0, bisect=True, partial_failures=True))

    assert batches == ["12345", "345", "3", "45"]
    assert [(numbers(lost.records), lost.answered) for lost in skipped] == [("3", True)]


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"wrong": "2"}]},
        {"batchItemFailures": [{"itemIdentifier": "unknown"}, {"itemIdentifier": "2"}]},
    ],
)
def test_a_malformed_response_fails_the_whole_batch(answer: object) -> None:
    assert first_failure(answer, ["1", "2"]) == 0


@pytest.mark.parametrize("answer", [None, {}, "", {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_an_empty_response_is_a_success(answer: object) -> None:
    assert first_failure(answer, ["1", "2"]) is None


def test_without_report_batch_item_failures_the_response_is_ignored() -> None:
    assert run("12", reports("1"), Rules(1, bisect=False, partial_failures=False)) == (["12"], [])


def test_without_a_limit_a_batch_is_retried_until_it_succeeds() -> None:
    outcomes = iter([False] * 20 + [True])

    def answer(_: list[str]) -> None:
        if not next(outcomes):
            raise FunctionFailed

    batches, skipped = run("1", answer, Rules(None, bisect=False, partial_failures=False))

    assert (len(batches), skipped) == (21, [])
