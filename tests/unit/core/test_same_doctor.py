"""Whether two referrals name the same doctor."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.doctor import Address, Doctor
from referral_intake.core.same_doctor import Identifiers, Verdict, compare

WEAK = frozenset({("phone", "maria lopez +12175550123")})
OTHER_WEAK = frozenset({("phone", "maria lopez +13125550123")})


def one(mailbox: str | None = None, npi: str | None = None, weak: frozenset[tuple[str, str]] = WEAK) -> Identifiers:
    return Identifiers(mailbox, npi, weak)


ROWS = [
    # They share a mailbox or an NPI, and no NPI contradicts.
    (one("a"), one("a"), "same"),
    (one("a", "1"), one("a"), "same"),
    (one("a", "1"), one("a", "1"), "same"),
    (one("a", "1"), one("b", "1"), "same"),
    (one(None, "1"), one("b", "1"), "same"),
    (one("a", weak=WEAK), one("a", weak=OTHER_WEAK), "same"),
    (one("a", "1", WEAK), one("b", "1", OTHER_WEAK), "same"),
    # Two NPIs, and not the same mailbox.
    (one("a", "1"), one("b", "2"), "different"),
    (one("a", "1"), one(None, "2"), "different"),
    (one(None, "1"), one(None, "2"), "different"),
    # Two NPIs, and one mailbox.
    (one("a", "1"), one("a", "2"), "shared_mailbox"),
    (one("a", "1", WEAK), one("a", "2", OTHER_WEAK), "shared_mailbox"),
    # A weak match, different mailboxes, not both with an NPI.
    (one("a"), one("b"), "possibly_same_doctor"),
    (one("a", "1"), one("b"), "possibly_same_doctor"),
    # A weak match, and one of them has neither mailbox nor NPI.
    (one("a"), one(), "possibly_same_doctor"),
    (one(None, "1"), one(), "possibly_same_doctor"),
    (one("a", "1"), one(), "possibly_same_doctor"),
    # A weak match, and each has another kind of strong identifier.
    (one("a"), one(None, "1"), "possibly_same_doctor"),
    # A weak match, and neither has a strong identifier.
    (one(), one(), "same"),
    # Nothing in common.
    (one("a", weak=WEAK), one("b", weak=OTHER_WEAK), "different"),
    (one(weak=WEAK), one(weak=OTHER_WEAK), "different"),
    (one("a", weak=frozenset()), one(weak=WEAK), "different"),
    (one(weak=frozenset()), one(weak=frozenset()), "different"),
]


@pytest.mark.parametrize(("first", "second", "verdict"), ROWS)
def test_the_table_holds_in_both_orders(first: Identifiers, second: Identifiers, verdict: str) -> None:
    assert compare(first, second) == verdict
    assert compare(second, first) == verdict


def test_what_is_held_is_neither_joined_nor_separate() -> None:
    assert [verdict for verdict in Verdict if verdict.is_held] == [Verdict.SHARED_MAILBOX, Verdict.POSSIBLY_SAME]


def test_identifiers_come_from_the_normalized_details() -> None:
    address = Address(postal_code="62701-1234")
    doctor = Doctor(
        "Dr. Sean O\u2019Brien", email="s.obrien@googlemail.com", phone="+12175550123;ext=4", address=address
    )
    weak = frozenset({("phone", "sean obrien +12175550123"), ("postcode", "sean obrien 62701")})
    assert Identifiers.of(doctor) == Identifiers("sobrien@gmail.com", None, weak)


IDENTIFIERS = st.builds(
    Identifiers,
    st.sampled_from([None, "a", "b", "c"]),
    st.sampled_from([None, "1", "2"]),
    st.frozensets(st.sampled_from([("phone", "x"), ("phone", "y"), ("postcode", "x")])),
)


@given(IDENTIFIERS, IDENTIFIERS)
def test_the_order_of_arrival_does_not_matter(first: Identifiers, second: Identifiers) -> None:
    assert compare(first, second) is compare(second, first)


@given(IDENTIFIERS, IDENTIFIERS)
def test_doctors_with_contradicting_npis_are_never_joined(first: Identifiers, second: Identifiers) -> None:
    verdict = compare(replace(first, npi="1"), replace(second, npi="2"))
    assert verdict is not Verdict.SAME
    shares_mailbox = bool(first.mailbox) and first.mailbox == second.mailbox
    assert verdict is (Verdict.SHARED_MAILBOX if shares_mailbox else Verdict.DIFFERENT)


@given(IDENTIFIERS, IDENTIFIERS)
def test_a_weak_match_never_joins_a_doctor_with_a_mailbox_or_an_npi(first: Identifiers, second: Identifiers) -> None:
    first = first if first.has_strong else replace(first, npi="1")
    shares_strong = (first.mailbox and first.mailbox == second.mailbox) or (first.npi and first.npi == second.npi)
    assert shares_strong or compare(first, second) is not Verdict.SAME
