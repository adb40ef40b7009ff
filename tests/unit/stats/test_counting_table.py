"""Facts that a referral is counted as. Counting changes one at a time equals counting the result once."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.counting import (
    BREAKDOWNS,
    COHORT,
    NOW,
    TIME,
    TOTAL,
    CounterKey,
    contributions,
    difference,
    tally,
)
from referral_intake.core.durations import bucket
from referral_intake.core.errors import Unavailable
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Referral, Stage
from referral_intake.stats.counting_table import MAX_ITEMS, MAX_NUMBERS
from tests.support import samples
from tests.support.samples import NOW as SUBMITTED
from tests.support.stats import MemoryTable, counters, counting, delivered, history, recount

DAY = SUBMITTED.date()


def referral(stage: Stage = Stage.SENT, **milestones: datetime) -> Referral:
    submitted = samples.referral(specialty="Neurosurgery", address={"state": "IL"})
    return replace(submitted, stage=stage, milestones={"submitted": SUBMITTED, **milestones})


def of(counted: Referral, dimension: str, value: str = "") -> dict[tuple[date | None, str], int]:
    """Counters of one dimension, by day and fact."""
    found = contributions(tally(counted))
    return {(c.day, c.fact): n for c, n in found.items() if (c.dimension, c.value) == (dimension, value)}


def days(number: int) -> timedelta:
    return timedelta(days=number)


# ---- Counted facts ---------------------------------------------------------------------------------------------------


def test_a_new_referral_counts_as_submitted_in_every_dimension_and_as_queued() -> None:
    assert contributions(tally(samples.referral(address={"state": "IL"}))) == Counter(
        [
            CounterKey("lumen", TOTAL, "", DAY, "submitted"),
            CounterKey("lumen", COHORT, "", DAY, "submitted"),
            CounterKey("lumen", "state", "IL", DAY, "submitted"),
            CounterKey("lumen", "specialty", "none", DAY, "submitted"),
            CounterKey("lumen", "source", "patient", DAY, "submitted"),
            CounterKey("lumen", "language", "en", DAY, "submitted"),
            CounterKey("lumen", NOW, "", None, "queued"),
        ]
    )


def test_each_fact_counts_on_its_day_and_in_the_cohort_of_the_submission_day() -> None:
    sent = referral(sent=SUBMITTED + days(1), delivered=SUBMITTED + days(2))
    assert of(sent, TOTAL) == {(DAY, "submitted"): 1, (DAY + days(1), "sent"): 1, (DAY + days(2), "delivered"): 1}
    assert of(sent, COHORT) == {(DAY, "submitted"): 1, (DAY, "sent"): 1, (DAY, "delivered"): 1}


@pytest.mark.parametrize("dimension", BREAKDOWNS)
def test_every_breakdown_adds_up_to_the_total(dimension: str) -> None:
    wild = history(Random(3), 20)[-1]
    total = {(c.day, c.fact): n for c, n in contributions(tally(wild)).items() if c.dimension == TOTAL}
    assert {(c.day, c.fact): n for c, n in contributions(tally(wild)).items() if c.dimension == dimension} == total


def test_days_are_in_utc() -> None:
    late = datetime(2026, 11, 24, 20, 0, tzinfo=timezone(timedelta(hours=-6)))
    assert (date(2026, 11, 25), "sent") in of(referral(sent=late), TOTAL)


def test_opens_by_people_count_as_engagement_and_those_of_scanners_do_not() -> None:
    scanned = referral(scanned=SUBMITTED + days(1))
    assert not [fact for _, fact in of(scanned, TOTAL) if fact == "engaged"]
    read = referral(scanned=SUBMITTED + days(1), opened=SUBMITTED + days(3), clicked=SUBMITTED + days(2))
    assert [day for day, fact in of(read, TOTAL) if fact == "engaged"] == [DAY + days(2)]
    # An answer implies reading, even if the mail program reports no open.
    answered = referral(answered=SUBMITTED + days(4))
    assert [day for day, fact in of(answered, TOTAL) if fact == "engaged"] == [DAY + days(4)]


@pytest.mark.parametrize("answer", list(Answer))
def test_an_answer_is_counted_by_its_kind(answer: Answer) -> None:
    answered = replace(referral(answered=SUBMITTED + days(1)), answer=answer)
    assert of(answered, TOTAL)[DAY + days(1), f"answer/{answer.value}"] == 1
    assert of(answered, "state", "IL")[DAY + days(1), f"answer/{answer.value}"] == 1


@pytest.mark.parametrize("reason", list(Closing))
def test_a_closing_reason_counts_on_the_day_of_closing(reason: Closing) -> None:
    noted = replace(referral(Stage.CLOSED), reason=reason.value, stored_closed_at=SUBMITTED + days(4))
    assert of(noted, TOTAL)[DAY + days(4), f"closed/{reason.value}"] == 1
    # A milestone for the reason gives its time.
    closed = replace(noted, milestones={**noted.milestones, reason.value: SUBMITTED + days(2)})
    assert of(closed, TOTAL)[DAY + days(2), f"closed/{reason.value}"] == 1
    # Items from before that time was recorded use their latest known time.
    unknown = replace(referral(Stage.CLOSED, sent=SUBMITTED + days(1)), reason=reason.value)
    assert of(unknown, TOTAL)[DAY + days(1), f"closed/{reason.value}"] == 1


def test_the_reason_of_an_open_stage_is_not_a_closing_reason() -> None:
    waits = replace(referral(Stage.WAITING), reason="paused")
    assert not [fact for _, fact in of(waits, TOTAL) if fact.startswith("closed/")]


@pytest.mark.parametrize("stage", list(Stage))
def test_an_open_referral_counts_once_in_its_stage_and_a_closed_one_in_none(stage: Stage) -> None:
    found = of(replace(referral(stage), reason="expired"), NOW)
    assert found == ({} if stage is Stage.CLOSED else {(None, stage.value): 1})


def test_a_step_is_counted_by_its_duration_on_the_day_that_it_ended() -> None:
    answered = referral(sent=SUBMITTED + days(1), answered=SUBMITTED + days(5))
    assert of(answered, TIME, "sent_to_answered") == {(DAY + days(5), str(bucket(days(4)))): 1}
    assert of(answered, TIME, "delivered_to_engaged") == {}


def test_text_typed_by_visitors_creates_no_new_counters() -> None:
    doctors = (samples.referral(specialty=f"made up {number}") for number in range(30))
    assert {c.value for one in doctors for c in contributions(tally(one)) if c.dimension == "specialty"} == {"other"}


def test_a_milestone_with_an_earlier_time_moves_between_days() -> None:
    later, earlier = referral(sent=SUBMITTED + days(3)), referral(sent=SUBMITTED + days(1))
    moved = difference(tally(later), tally(earlier))
    in_total = {(c.day, c.fact): n for c, n in moved.items() if c.dimension == TOTAL}
    assert in_total == {(DAY + days(3), "sent"): -1, (DAY + days(1), "sent"): 1}
    # In its cohort it stays on the same day.
    assert not [count for count in moved if count.dimension == COHORT]


# ---- Counting --------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_ten_thousand_events_lost_repeated_and_out_of_order_equal_a_recount() -> None:
    random = Random(20261123)
    histories = [history(random, random.randint(1, 19)) for _ in range(1000)]
    assert sum(map(len, histories)) > 9_500
    table = MemoryTable(interrupt=lambda: random.choices([None, "TransactionConflict"], [9, 1])[0])
    for batch in delivered(random, histories):
        give(random, table, batch)
    assert counters(table.items.values()) == recount(one[-1] for one in histories)


def give(random: Random, table: MemoryTable, batch: list[Referral]) -> None:
    """Emulates Lambda: a failed batch is retried in halves, and the process may end at any transaction."""
    undisturbed = table.interrupt
    left = random.randint(1, 10) if random.random() < 0.2 else 1000

    def interrupt() -> str | None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Unavailable("the process ended")
        return undisturbed()

    table.interrupt = interrupt
    try:
        counting(table).count(batch)
    except Unavailable:
        table.interrupt = undisturbed
        middle = len(batch) // 2
        for part in (batch[:middle], batch[middle:]) if middle else (batch,):
            give(random, table, part)
    finally:
        table.interrupt = undisturbed


@given(random=st.randoms(use_true_random=False))
def test_any_order_and_loss_of_a_history_gives_the_counters_of_its_last_record(random: Any) -> None:
    histories = [history(random, random.randint(1, 8)) for _ in range(random.randint(1, 5))]
    table = MemoryTable()
    for batch in delivered(random, histories):
        counting(table).count(batch)
    assert counters(table.items.values()) == recount(one[-1] for one in histories)
    # No counter is below zero, not even for a moment, once all records are counted.
    assert all(number > 0 for number in counters(table.items.values()).values())


def test_a_record_that_was_already_counted_is_skipped() -> None:
    table = MemoryTable()
    old, new = history(Random(1), 2)
    assert counting(table).count([new]) == 1
    assert counting(table).count([old, new]) == 0
    assert len(table.transactions) == 1


def test_a_batch_counts_only_the_newest_record_of_each_referral() -> None:
    table = MemoryTable()
    revisions = history(Random(1), 9)
    assert counting(table).count(reversed(revisions)) == 1
    assert counters(table.items.values()) == recount(revisions[-1:])


def test_a_hundred_new_referrals_share_their_counter_updates() -> None:
    table = MemoryTable()
    referrals = [samples.referral() for _ in range(100)]
    counting(table).count(referrals)
    # A transaction has at most a hundred items: those of the referrals, and six shared counters.
    assert [len(updates) for updates in table.transactions] == [MAX_ITEMS, 6 + 6]
    assert counters(table.items.values())[CounterKey("lumen", TOTAL, "", DAY, "submitted")] == 100


def test_an_update_of_every_number_of_an_item_fits_in_one_expression() -> None:
    table = MemoryTable()
    slower = []
    for n in range(55):
        # Every duration becomes longer: each referral decrements two numbers and increments two.
        seconds, more = timedelta(seconds=1.1**n), timedelta(seconds=1.1 ** (n + 55))
        begun = referral(sent=SUBMITTED + seconds, delivered=SUBMITTED + 2 * seconds)
        counting(table).count([begun])
        late = {"sent": SUBMITTED + more, "delivered": SUBMITTED + 2 * more}
        slower.append(replace(begun, milestones={**begun.milestones, **late}, revision=2))
    table.transactions.clear()
    counting(table).count(slower)
    names = [len(update["ExpressionAttributeNames"]) for updates in table.transactions for update in updates]
    assert MAX_NUMBERS / 2 < max(names) <= MAX_NUMBERS + 1
    assert counters(table.items.values()) == recount(slower)


def test_two_concurrent_counts_of_one_record_count_it_once() -> None:
    table = MemoryTable()
    one = referral()

    def interrupt() -> str | None:
        table.interrupt = lambda: None
        # Runs just before the first transaction, after its read.
        assert counting(table).count([one]) == 1
        return None

    table.interrupt = interrupt
    assert counting(table).count([one]) == 0
    assert counters(table.items.values()) == recount([one])


def test_a_referral_with_many_changes_is_counted_in_two_transactions() -> None:
    facts = [f"fact{number}" for number in range(15)]
    begun = {fact: SUBMITTED + days(number) for number, fact in enumerate(facts)}
    before = replace(referral(), milestones={**referral().milestones, **begun})
    moved = {fact: SUBMITTED + days(40 + number) for number, fact in enumerate(facts)}
    after = replace(before, milestones={**before.milestones, **moved}, revision=2)
    table = MemoryTable()
    counting(table).count([before])
    assert counting(table).count([after]) == 1
    assert len(table.transactions) == 3
    assert counters(table.items.values()) == recount([after])


def test_counting_continues_while_others_change_the_same_counters() -> None:
    answers = iter(["TransactionConflict", "ThrottlingError", None])
    table = MemoryTable(interrupt=lambda: next(answers))
    assert counting(table).count([referral()]) == 1
    assert len(table.transactions) == 3


def test_counting_stops_at_its_time_limit_and_leaves_no_partial_change() -> None:
    table = MemoryTable(interrupt=lambda: "TransactionConflict")
    with pytest.raises(Unavailable):
        counting(table).count([referral()])
    assert table.items == {}


def test_a_lost_response_makes_nothing_count_twice() -> None:
    table = MemoryTable()

    class Lost(Exception):
        pass

    class ForgetfulTable(MemoryTable):
        def transact_write_items(self, TransactItems: list[Any]) -> None:  # noqa: N803
            super().transact_write_items(TransactItems)
            raise Lost

    with pytest.raises(Lost):
        counting(ForgetfulTable(table.items)).count([referral()])
    again = referral()
    with pytest.raises(Lost):
        counting(ForgetfulTable(table.items)).count([again])
    assert counting(table).count([again]) == 0
    assert counters(table.items.values())[CounterKey("lumen", TOTAL, "", DAY, "submitted")] == 2


# ---- Counting again --------------------------------------------------------------------------------------------------


def test_a_recount_replaces_a_different_count_of_the_same_revision() -> None:
    table = MemoryTable()
    # Simulates an earlier version of the code, without answers.
    answered = replace(referral(answered=SUBMITTED), answer=Answer.CALL)
    counting(table).count([replace(answered, answer=None)])
    assert counting(table).count([answered]) == 0
    assert counting(table).count([answered], recount=True) == 1
    assert counting(table).count([answered], recount=True) == 0
    assert counters(table.items.values()) == recount([answered])


def test_a_recount_ignores_an_earlier_revision() -> None:
    table = MemoryTable()
    old, new = history(Random(5), 2)
    counting(table).count([new])
    assert counting(table).count([old], recount=True) == 0
    assert counters(table.items.values()) == recount([new])


def test_all_days_are_in_utc_in_any_time_zone_of_the_machine() -> None:
    assert tally(referral()).submitted_on == SUBMITTED.astimezone(UTC).date()
