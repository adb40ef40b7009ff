"""Search criteria for referrals, and whether a referral matches them.

To add a filter, add an attribute to `Filter`, to the index `listed` in the template, and its texts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date
from enum import StrEnum

from referral_intake.core import contact, person_names
from referral_intake.core.counting import NO_STATE
from referral_intake.core.doctor import Doctor
from referral_intake.core.mailboxes import mailbox
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Referral, Stage
from referral_intake.core.specialties import SPECIALTIES, specialty_group
from referral_intake.core.validation import Invalid

FILTER = "filter"
"""The key of a declaration in the metadata of a dataclass field."""
MIN_NAME_LENGTH = 2


@dataclass(frozen=True, slots=True)
class FilterField:
    """One filter of the listing, available to viewers. It matches referrals with an equal value.

    `of_doctor` derives the value from the doctor, and the item stores it under the filter's name. `of_referral` reads a
    value that the item already has under this name. `none` matches referrals without a value. If the index `listed`
    does not have the value, `indexed` is an attribute and value in it that every match has.

    The API accepts one of `choices`, or text of up to `limit` characters. `parse` returns the normal form of the text
    or raises Invalid. Then the API refuses it with the text `refusal`. The OpenAPI description has `description`.
    """

    of_referral: Callable[[Referral], str | None] | None = None
    of_doctor: Callable[[Doctor], str | None] | None = None
    none: str = ""
    indexed: tuple[str, str] | None = None
    choices: type[StrEnum] | None = None
    limit: int = 60
    parse: Callable[[str], str] = str
    refusal: str = ""
    description: str | None = None
    name: str = ""

    def value(self, referral: Referral) -> str | None:
        if self.of_doctor:
            return self.of_doctor(referral.doctor)
        return self.of_referral(referral) if self.of_referral else None

    def normalized(self, typed: str) -> str | None:
        """Return the value to compare with, or None if nothing was typed. Raise Invalid."""
        text = typed.strip()
        if text in {"", self.none}:
            return text or None
        return self.parse(text)

    def matches(self, normalized: str | None, referral: Referral) -> bool:
        return not normalized or normalized == (self.value(referral) or self.none)


def _specialty(typed: str) -> str:
    if typed not in SPECIALTIES:
        raise Invalid("unknown")
    return typed


@dataclass(frozen=True, slots=True)
class Filter:
    """A criterion that is None matches every referral. `first` and `last` are days in UTC, both inclusive."""

    first: date | None = None
    last: date | None = None
    stage: str | None = field(
        default=None, metadata={FILTER: FilterField(lambda referral: referral.stage, choices=Stage)}
    )
    reason: str | None = field(
        default=None, metadata={FILTER: FilterField(lambda referral: referral.reason, limit=100)}
    )
    state: str | None = field(
        default=None,
        metadata={
            FILTER: FilterField(
                of_doctor=lambda doctor: doctor.address.state,
                none=NO_STATE,
                parse=contact.state,
                refusal="This is not a US state or territory.",
                description=f"A code or name, or `{NO_STATE}` for referrals without a state.",
            )
        },
    )
    specialty: str | None = field(
        default=None,
        metadata={
            FILTER: FilterField(
                of_doctor=lambda doctor: specialty_group(doctor.specialty),
                parse=_specialty,
                refusal="This is not one of the groups of specialties.",
                description="The group in which it is counted.",
            )
        },
    )
    answer: str | None = field(
        default=None,
        metadata={
            FILTER: FilterField(
                lambda referral: referral.answer if referral.reason == Closing.ANSWERED else None,
                indexed=("reason", Closing.ANSWERED),
                choices=Answer,
                description="The doctor's answer, of referrals that were closed as `answered`.",
            )
        },
    )

    def matches(self, referral: Referral) -> bool:
        day = referral.submitted_at.astimezone(UTC).date()
        in_time = (self.first or day) <= day <= (self.last or day)
        return in_time and all(one.matches(getattr(self, name), referral) for name, one in FILTERS.items())


FILTERS: dict[str, FilterField] = {
    one.name: replace(one.metadata[FILTER], name=one.name) for one in fields(Filter) if FILTER in one.metadata
}
"""By name."""


@dataclass(frozen=True, slots=True)
class SearchCriteria:
    """Referrals of one campaign. A criterion that is None or empty matches every referral.

    Each of `words` must be a prefix of a word in the doctor's name. `email` is in the form of `mailbox`.
    """

    campaign: str
    filter: Filter = Filter()
    words: tuple[str, ...] = ()
    email: str | None = None
    npi: str | None = None

    def matches(self, referral: Referral) -> bool:
        return (
            referral.campaign == self.campaign
            and self.filter.matches(referral)
            and self._matches_doctor(referral.doctor)
        )

    def _matches_doctor(self, doctor: Doctor) -> bool:
        names = person_names.search_words(doctor.name)
        return (
            all(any(name.startswith(word) for name in names) for word in self.words)
            and self.email in {None, doctor.email and mailbox(doctor.email)}
            and self.npi in {None, doctor.npi}
        )


def search_words(typed: str) -> tuple[str, ...]:
    """Return the prefixes of names that a person typed. Return none if there are too few letters for a search."""
    words = tuple(person_names.search_words(typed))
    return words if sum(map(len, words)) >= MIN_NAME_LENGTH else ()
