"""What an opt-out page says, and which opt-outs, complaints and comparisons can be taken back."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core import doctor_changes, doctor_matching
from referral_intake.core.claim import AlreadyClaimed, MustHold, Suppressed
from referral_intake.core.doctor_records import DoctorRecord, Fact, KeySet
from referral_intake.core.errors import NothingToTakeBack
from referral_intake.core.opt_outs import OptOut, Scope, scope, undoable
from referral_intake.core.reasons import Closing, Reason
from tests.support.samples import NOW
from tests.unit.core.test_doctor_matching import ELSEWHERE, NO_EMAIL, NPI_1, Book, of

OPT_OUT = OptOut("opted_out", "FIRST", NOW)
HOUR = timedelta(hours=1)
PATEL = of()


def test_the_page_says_what_is_stopped() -> None:
    of_lumen, of_relay = replace(OPT_OUT, name="opted_out/lumen"), replace(OPT_OUT, name="opted_out/relay")
    complaint = replace(OPT_OUT, name="complained")
    assert scope([], "lumen") is scope([of_relay, complaint], "lumen") is Scope.NOTHING
    assert scope([of_lumen, of_relay], "lumen") is Scope.CAMPAIGN
    assert scope([of_lumen, OPT_OUT], "lumen") is Scope.EVERYTHING


@pytest.mark.parametrize(
    ("in_effect", "is_undoable"),
    [
        ([OPT_OUT], True),
        ([replace(OPT_OUT, name="opted_out/lumen")], True),
        ([replace(OPT_OUT, at=NOW - timedelta(seconds=10))], True),
        ([], False),
        ([replace(OPT_OUT, at=NOW - timedelta(seconds=11))], False),
        ([replace(OPT_OUT, receipt="OTHER")], False),
        ([replace(OPT_OUT, is_repeated=True)], False),
        ([replace(OPT_OUT, name="complained")], False),
        ([OPT_OUT, replace(OPT_OUT, name="opted_out/lumen")], False),
        ([OPT_OUT, replace(OPT_OUT, name="complained", receipt="OTHER")], False),
    ],
)
def test_only_the_opt_out_of_this_request_can_be_undone(in_effect: list[OptOut], is_undoable: bool) -> None:
    assert undoable(in_effect, "FIRST", NOW) == (in_effect[0] if is_undoable else None)


# ---- Records ---------------------------------------------------------------------------------------------------------


def add(book: Book, name: str, by: str, at: datetime, doctor: KeySet = PATEL, *, is_personal: bool = False) -> None:
    book.records |= doctor_changes.with_fact(doctor, book.records, name, Fact(at, by, is_personal))


def undo(book: Book, opt_out: OptOut, at: datetime) -> None:
    book.records |= doctor_changes.with_undo(of(), book.records, opt_out, at)


def take_back(book: Book, closing: Closing, only_through: str | None = None, *, was_not_told: bool = False) -> None:
    book.records |= doctor_changes.with_take_back(
        of(NPI_1), book.records, closing, Fact(NOW + HOUR, "FIRST"), only_through, was_not_told=was_not_told
    )


def test_a_repeated_opt_out_keeps_the_time_and_referral_of_the_first() -> None:
    book = Book()
    repeated = {replace(OPT_OUT, is_repeated=True)}
    add(book, "opted_out", "FIRST", NOW)
    add(book, "opted_out", "FIRST", NOW + timedelta(seconds=10))
    assert doctor_matching.opt_outs_in_effect(of(), book.records) == {OPT_OUT}, "a double click"
    for by, later, is_personal in (("FIRST", 11, False), ("SECOND", 1, False), ("FIRST", 1, True)):
        book = Book()
        add(book, "opted_out", "FIRST", NOW)
        add(book, "opted_out", by, NOW + timedelta(seconds=later), is_personal=is_personal)
        assert doctor_matching.opt_outs_in_effect(of(), book.records) == repeated


def test_two_complaints_about_one_referral_are_one() -> None:
    book = Book()
    for days in (0, 30):
        add(book, "complained", "FIRST", NOW + timedelta(days), of(NPI_1))
    take_back_at = Fact(NOW + timedelta(31), "FIRST")
    book.records |= doctor_changes.with_take_back(of(NPI_1), book.records, Closing.COMPLAINED, take_back_at, "FIRST")
    assert book.obstacle(of(NPI_1)) is None


def test_a_repeated_opt_out_at_the_doctors_word_counts_for_the_name_and_phone() -> None:
    book = Book()
    add(book, "opted_out", "FIRST", NOW)
    assert isinstance(book.obstacle(of(ELSEWHERE)), MustHold)
    add(book, "opted_out", "FIRST", NOW + HOUR, is_personal=True)
    assert book.obstacle(of(ELSEWHERE)) == Suppressed(Closing.OPTED_OUT)


def test_an_opt_out_after_an_undone_one_is_a_new_one() -> None:
    book = Book()
    add(book, "opted_out", "FIRST", NOW)
    undo(book, OPT_OUT, NOW + HOUR)
    assert book.obstacle(of()) is None
    add(book, "opted_out", "SECOND", NOW + 2 * HOUR)
    assert doctor_matching.opt_outs_in_effect(of(), book.records) == {OptOut("opted_out", "SECOND", NOW + 2 * HOUR)}


NAMES = st.sampled_from(["opted_out", "opted_out/lumen", "opted_out/relay", "complained"])
EARLIER = st.lists(st.tuples(NAMES, st.sampled_from(["FIRST", "SECOND"]), st.booleans()), min_size=1, max_size=4)


@given(EARLIER, NAMES)
def test_no_opt_out_on_top_of_others_undoes_any_of_them(earlier: list[tuple[str, str, bool]], name: str) -> None:
    book = Book()
    for number, (one, by, is_personal) in enumerate(earlier):
        add(book, one, by, NOW + number * HOUR, is_personal=is_personal)
    now = NOW + 10 * HOUR
    add(book, name, "FIRST", now)
    assert undoable(doctor_matching.opt_outs_in_effect(of(), book.records), "FIRST", now) is None
    with pytest.raises(NothingToTakeBack):
        undo(book, OptOut(name, "FIRST", now), now + HOUR)


def test_what_came_another_way_is_left_without_the_doctors_word() -> None:
    book = Book()
    add(book, "opted_out", "FIRST", NOW, of(NPI_1))
    add(book, "opted_out", "SECOND", NOW, of(NPI_1, ELSEWHERE))
    take_back(book, Closing.OPTED_OUT, "FIRST")
    assert book.obstacle(of(NPI_1)) == Suppressed(Closing.OPTED_OUT), "the other mailbox's opt-out, by the NPI"
    with pytest.raises(NothingToTakeBack):
        take_back(book, Closing.OPTED_OUT, "FIRST")
    take_back(book, Closing.OPTED_OUT)
    assert book.obstacle(of(NPI_1)) is None


def test_a_complaint_and_an_opt_out_are_taken_back_one_by_one() -> None:
    book = Book()
    add(book, "opted_out", "FIRST", NOW, of(NPI_1))
    add(book, "complained", "FIRST", NOW, of(NPI_1))
    take_back(book, Closing.COMPLAINED)
    assert book.obstacle(of(NPI_1)) == Suppressed(Closing.OPTED_OUT)
    take_back(book, Closing.OPTED_OUT)
    assert book.obstacle(of(NPI_1)) is None
    names = {name for its in book.records.values() for record in its.values() for name in record.facts}
    assert names == {"complained", "opted_out", "complaint_taken_back", "opted_in"}, "all stay recorded"


def test_the_doctor_was_not_told_through_another_persons_mailbox() -> None:
    for was_not_told, obstacle in ((True, None), (False, AlreadyClaimed("FIRST"))):
        book = Book()
        book.claim(of(NPI_1))
        add(book, "complained", "FIRST", NOW, of(NPI_1))
        take_back(book, Closing.COMPLAINED, "FIRST", was_not_told=was_not_told)
        assert book.obstacle(of(NPI_1, ELSEWHERE)) == obstacle
        assert book.obstacle(of()) == AlreadyClaimed("FIRST"), "that mailbox has the message"


def test_an_opt_out_at_the_doctors_word_is_taken_back_at_the_word_of_the_same_name_and_phone() -> None:
    book = Book()
    add(book, "opted_out", "FIRST", NOW, of(NO_EMAIL), is_personal=True)
    take_back(book, Closing.OPTED_OUT)
    assert book.obstacle(of(NPI_1)) is None


# ---- Comparisons -----------------------------------------------------------------------------------------------------


def withdraw(book: Book, on: str = "LATER") -> None:
    book.records |= doctor_changes.without_decisions(book.records, on)


@pytest.mark.parametrize("same", [True, False])
def test_after_a_decision_is_taken_back_all_records_are_as_before(same: bool) -> None:
    book = Book()
    book.claim(of())
    add(book, "opted_out", "FIRST", NOW)
    before = dict(book.records)
    later = of(ELSEWHERE)
    book.decide(later, "FIRST", same=same)
    assert book.obstacle(later) != MustHold(Reason.MAY_HAVE_OPTED_OUT, "FIRST")
    withdraw(book)
    assert book.obstacle(later) == MustHold(Reason.MAY_HAVE_OPTED_OUT, "FIRST")
    own = later.new_record
    empty = {key: {own.id_under(key): DoctorRecord(own.mailbox, own.npi)} for key in later.current}
    assert book.records == {key: {**before.get(key, {}), **empty.get(key, {})} for key in book.records}


def test_only_the_decisions_on_this_referral_are_taken_back() -> None:
    book = Book()
    book.claim(of())
    book.claim(of({"email": "third@one.example"}), "THIRD")
    later = of(ELSEWHERE)
    book.decide(later, "FIRST", by="LATER", same=False)
    book.decide(later, "THIRD", by="FOURTH", same=False)
    withdraw(book, "FOURTH")
    assert book.obstacle(later) == MustHold(Reason.POSSIBLY_SAME_DOCTOR, "THIRD")
    with pytest.raises(NothingToTakeBack):
        withdraw(book, "FOURTH")


def test_what_the_doctor_said_since_stays() -> None:
    book = Book()
    book.claim(of())
    later = of(ELSEWHERE)
    book.decide(later, "FIRST", same=True)
    add(book, "opted_out", "LATER", NOW, of(ELSEWHERE))
    withdraw(book)
    assert book.obstacle(later) == Suppressed(Closing.OPTED_OUT)
    assert isinstance(book.obstacle(of()), AlreadyClaimed | MustHold)
