"""What the records under a doctor's keys mean for the doctor's referral."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.aws.keys import DoctorHashes
from referral_intake.core import doctor_changes, doctor_matching
from referral_intake.core.claim import AlreadyClaimed, MailboxSuppressed, MustHold, Obstacle, Suppressed
from referral_intake.core.doctor_matching import PossibleMatch
from referral_intake.core.doctor_records import DoctorRecord, Fact, KeySet, StepClaim
from referral_intake.core.errors import NothingToTakeBack
from referral_intake.core.reasons import Closing, Reason
from tests.support.fakes import ring
from tests.support.samples import NOW, referral

HOUSTON = {"line1": "1 Main St", "city": "Houston", "state": "TX", "postal_code": "77030"}
PATEL = {"name": "R. Patel", "email": "r.patel@onc.example", "phone": "713 555 0101", "address": HOUSTON}
ELSEWHERE = {"email": "patel@rad.example"}
NPI_1, NPI_2 = {"npi": "1234567893"}, {"npi": "2000001018"}
NO_EMAIL = {"email": None}
YEAR = timedelta(days=365)


@dataclass
class Book:
    """Doctors' records, changed as `aws.claims` changes them."""

    records: dict[str, Mapping[str, DoctorRecord]] = field(default_factory=dict)

    def obstacle(self, keys: KeySet, by: str = "LATER", *, by_email: bool = True) -> Obstacle | None:
        return doctor_matching.find_obstacle(
            keys, self.records, by, "lumen", "introduction", claims_since=NOW - YEAR, by_email=by_email
        )

    def claim(self, keys: KeySet, by: str = "FIRST") -> None:
        claim = StepClaim(by, NOW)
        self.records |= doctor_changes.with_claim(keys, self.records, "lumen/introduction", claim)

    def record(self, keys: KeySet, fact: Closing, by: str = "FIRST", *, is_personal: bool = False) -> None:
        its = Fact(NOW, by, is_personal=is_personal)
        self.records |= doctor_changes.with_fact(keys, self.records, fact.value, its)

    def decide(self, keys: KeySet, other: str, by: str = "LATER", *, same: bool) -> None:
        self.records |= doctor_changes.with_decision(keys, self.records, [other], by, same=same)


def keys(**details: object) -> KeySet:
    return KeySet(DoctorHashes(ring).of(referral(**details))[0])


def of(*details: Mapping[str, object]) -> KeySet:
    """The keys of Dr. Patel, with some details changed."""
    its: dict[str, object] = dict(PATEL)
    for one in details:
        its |= one
    return keys(**its)


TABLE = [
    (of(), of(), AlreadyClaimed("FIRST")),
    (of(NPI_1), of(NPI_1, ELSEWHERE), AlreadyClaimed("FIRST")),
    (of(NPI_1, NO_EMAIL), of(NPI_1, ELSEWHERE), AlreadyClaimed("FIRST")),
    (of(NO_EMAIL), of(NO_EMAIL), AlreadyClaimed("FIRST")),
    (of(NPI_1), of(NPI_2, ELSEWHERE), None),
    (of(NPI_1), of(NPI_2), MustHold(Reason.SHARED_MAILBOX, "FIRST")),
    (of(), of(ELSEWHERE), MustHold(Reason.POSSIBLY_SAME_DOCTOR, "FIRST")),
    (of(NPI_1), of(ELSEWHERE), MustHold(Reason.POSSIBLY_SAME_DOCTOR, "FIRST")),
    (of(), of(NO_EMAIL), MustHold(Reason.POSSIBLY_SAME_DOCTOR, "FIRST")),
    (of(NPI_1, NO_EMAIL), of(NO_EMAIL), MustHold(Reason.POSSIBLY_SAME_DOCTOR, "FIRST")),
    (of(), of(ELSEWHERE, {"name": "S. Patel"}), None),
]


@pytest.mark.parametrize(("first", "later", "obstacle"), TABLE)
def test_a_claim_counts_for_the_same_doctor_in_both_orders(
    first: KeySet, later: KeySet, obstacle: Obstacle | None
) -> None:
    for one, other in ((first, later), (later, first)):
        book = Book()
        book.claim(one)
        assert book.obstacle(other) == obstacle


@pytest.mark.parametrize(("first", "later", "obstacle"), TABLE)
@pytest.mark.parametrize("fact", [Closing.OPTED_OUT, Closing.COMPLAINED])
def test_an_opt_out_closes_the_same_doctor_and_holds_who_may_be(
    first: KeySet, later: KeySet, obstacle: Obstacle | None, fact: Closing
) -> None:
    expected: Obstacle | None = None
    if isinstance(obstacle, AlreadyClaimed):
        expected = Suppressed(fact)
    elif obstacle:
        expected = MustHold(Reason.MAY_HAVE_OPTED_OUT, "FIRST")
    for one, other in ((first, later), (later, first)):
        book = Book()
        book.record(one, fact)
        assert book.obstacle(other) == book.obstacle(other, by_email=False) == expected


def test_an_opt_out_at_the_doctors_word_closes_everyone_of_this_name_and_phone() -> None:
    book = Book()
    book.record(of(NO_EMAIL), Closing.OPTED_OUT, is_personal=True)
    assert book.obstacle(of(ELSEWHERE)) == Suppressed(Closing.OPTED_OUT)
    book = Book()
    book.record(of(NPI_1), Closing.OPTED_OUT, is_personal=True)
    assert book.obstacle(of(NPI_2, ELSEWHERE)) is None, "another doctor by the NPI"


def test_a_later_opt_in_undoes_an_opt_out_and_no_complaint() -> None:
    for fact, obstacle in ((Closing.OPTED_OUT, None), (Closing.COMPLAINED, Suppressed(Closing.COMPLAINED))):
        book = Book()
        book.record(of(), fact)
        later = Fact(NOW + timedelta(days=1), "FIRST")
        if obstacle is None:
            book.records |= doctor_changes.with_take_back(of(), book.records, Closing.OPTED_OUT, later)
        else:
            with pytest.raises(NothingToTakeBack):
                doctor_changes.with_take_back(of(), book.records, Closing.OPTED_OUT, later)
        assert book.obstacle(of()) == obstacle


def test_a_claim_from_before_the_cooldown_does_not_count() -> None:
    book = Book()
    book.records |= doctor_changes.with_claim(of(), {}, "lumen/introduction", StepClaim("FIRST", NOW - 2 * YEAR))
    assert book.obstacle(of()) is book.obstacle(of(ELSEWHERE)) is None


def test_an_own_claim_is_no_obstacle() -> None:
    book = Book()
    book.claim(of(), "LATER")
    assert book.obstacle(of()) is None


def test_a_claim_by_email_replaces_the_reservation_for_a_letter_of_the_same_referral() -> None:
    book = Book()
    book.records |= doctor_changes.with_claim(
        of(NO_EMAIL), {}, "lumen/introduction", StepClaim("FIRST", NOW, is_reservation=True)
    )
    book.claim(of())  # A manager has found the address.
    assert book.obstacle(of(NO_EMAIL), by_email=False) == MustHold(Reason.POSSIBLY_SAME_DOCTOR, "FIRST")


def test_a_claim_of_an_overruled_leader_is_replaced() -> None:
    book = Book()
    book.claim(of(NPI_1))
    later = of(NPI_1, ELSEWHERE)
    its = StepClaim("LATER", NOW)
    book.records |= doctor_changes.with_claim(later, book.records, "lumen/introduction", its, overruled=["FIRST"])
    assert book.obstacle(of(NPI_1), "FIRST") == AlreadyClaimed("LATER")
    assert book.obstacle(later, "LATER") is None


def test_a_bounce_concerns_only_the_mailbox() -> None:
    book = Book()
    book.record(of(NPI_1), Closing.BOUNCED)
    assert book.obstacle(of(NPI_2)) == MailboxSuppressed(Reason.EMAIL_BOUNCED)
    assert book.obstacle(of(NPI_1), by_email=False) is None
    assert book.obstacle(of(NPI_1, ELSEWHERE)) is None


# ---- What a person decides -------------------------------------------------------------------------------------------


def test_a_doctor_whom_a_person_calls_another_is_told_and_stays_another() -> None:
    book = Book()
    book.claim(of())
    later = of(ELSEWHERE)
    book.decide(later, "FIRST", same=False)
    assert book.obstacle(later) is None
    book.claim(later, "LATER")
    assert book.obstacle(of(), "FIRST") is None, "the reminder to the first doctor"
    assert book.obstacle(later, "THIRD") == AlreadyClaimed("LATER")


def test_a_doctor_whom_a_person_calls_the_same_joins_and_stays_the_same() -> None:
    book = Book()
    book.claim(of())
    later = of(ELSEWHERE)
    book.decide(later, "FIRST", same=True)
    assert book.obstacle(later) == AlreadyClaimed("FIRST")
    only_the_mailbox = of(ELSEWHERE, {"phone": None, "address": None})
    assert book.obstacle(only_the_mailbox, "THIRD") == AlreadyClaimed("FIRST")


def test_the_same_doctor_has_opted_out_under_all_keys() -> None:
    book = Book()
    book.record(of(), Closing.OPTED_OUT)
    later = of(ELSEWHERE)
    book.decide(later, "FIRST", same=True)
    assert book.obstacle(later) == Suppressed(Closing.OPTED_OUT)
    assert book.obstacle(of(ELSEWHERE, {"phone": None, "address": None})) == Suppressed(Closing.OPTED_OUT)


def test_another_doctor_in_a_mailbox_that_opted_out_gets_no_message_there() -> None:
    book = Book()
    book.record(of(NPI_1), Closing.OPTED_OUT)
    book.decide(of(NPI_2), "FIRST", same=False)
    assert book.obstacle(of(NPI_2)) == MailboxSuppressed(Reason.MAILBOX_OPTED_OUT)
    assert book.obstacle(of(NPI_2), by_email=False) is None


def test_a_decision_is_only_about_the_doctors_that_were_compared() -> None:
    book = Book()
    book.claim(of())
    later = of(ELSEWHERE)
    book.decide(later, "FIRST", same=False)
    third = of({"email": "third@one.example"})
    book.claim(third, "THIRD")
    assert book.obstacle(later) == MustHold(Reason.POSSIBLY_SAME_DOCTOR, "THIRD")


def test_a_person_sees_every_referral_to_compare_with() -> None:
    book = Book()
    book.claim(of(NPI_1))
    book.record(of({"email": "third@one.example"}), Closing.OPTED_OUT, "THIRD")
    found = doctor_matching.possible_matches(of(NPI_2), book.records, "LATER", "lumen")
    weak = frozenset({"phone", "postcode"})
    assert {one.receipt: one for one in found} == {
        "FIRST": PossibleMatch("FIRST", weak | {"email"}, has_opted_out=False),
        "THIRD": PossibleMatch("THIRD", weak, has_opted_out=True),
    }


def test_an_opt_out_names_the_referrals_that_it_may_concern() -> None:
    book = Book()
    book.claim(of(NO_EMAIL), "BY POST")
    book.claim(of(NPI_2, ELSEWHERE), "ANOTHER")
    assert list(dict.fromkeys(doctor_matching.referrals_to_check(of(NPI_1), book.records, "FIRST"))) == ["BY POST"]


# ---- Properties ------------------------------------------------------------------------------------------------------

DOCTORS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Sean O'Brien", "O\u2019BRIEN, SEAN", "Dr. Sean O`Brien, MD, FACS", "Kim Do"]),
        "email": st.sampled_from([None, "a@one.example", "a.b@gmail.com", "ab@googlemail.com"]),
        "npi": st.sampled_from([None, "1234567893", "2000001018"]),
        "phone": st.sampled_from([None, "713 555 0101", "+1 (713) 555-0101 x5"]),
        "address": st.sampled_from([HOUSTON, HOUSTON | {"postal_code": "77031"}]),
    }
)


@given(DOCTORS, DOCTORS, st.sampled_from([Closing.OPTED_OUT, Closing.COMPLAINED]))
def test_a_doctor_with_another_npi_closes_no_referral(
    first: dict[str, object], later: dict[str, object], fact: Closing
) -> None:
    book = Book()
    book.claim(keys(**first | NPI_1))
    book.record(keys(**first | NPI_1), fact)
    assert isinstance(book.obstacle(keys(**later | NPI_2)), MustHold | None)


@given(DOCTORS, DOCTORS)
def test_an_opt_out_is_never_missed_under_another_spelling(first: dict[str, object], later: dict[str, object]) -> None:
    one, other = keys(**first), keys(**later)
    book = Book()
    book.record(one, Closing.OPTED_OUT)
    contradicts = first["npi"] and later["npi"] and first["npi"] != later["npi"]
    if not contradicts and set(one.all) & set(other.all):
        assert isinstance(book.obstacle(other), Suppressed | MustHold)
