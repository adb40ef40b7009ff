"""What small functions work with. Each is built whole: every event needs all of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.keys import Ring
    from referral_intake.adapters.links import Links
    from referral_intake.adapters.pages import Site
    from referral_intake.adapters.stats_table import Read
    from referral_intake.domain.breaker import BreakerPolicy, State, Trip
    from referral_intake.domain.feedback import Effect
    from referral_intake.domain.matches import Match
    from referral_intake.domain.outreach import DoctorKeys
    from referral_intake.domain.pace import Quota
    from referral_intake.domain.referral import Answer, Closing, Move, Referral
    from referral_intake.domain.robots import Proof
    from referral_intake.domain.search import Query


class IntakeReferrals(Protocol):
    def add(self, referral: "Referral") -> "Referral | None": ...
    def get(self, receipt: str, *, consistent: bool) -> "Referral | None": ...


class Challenges(Protocol):
    def new(self, binding: str, now: datetime) -> dict[str, Any]: ...
    def read(self, sent: object) -> "Proof | None": ...


class WakeReferrals(Protocol):
    def due(self, campaign: str, now: datetime, limit: int) -> list[str]: ...
    def feedback_settled(self) -> datetime | None: ...
    def get(self, receipt: str, *, consistent: bool) -> "Referral | None": ...
    def move(self, referral: "Referral", move: "Move") -> None: ...


class FeedbackReferrals(Protocol):
    def get(self, receipt: str, *, consistent: bool) -> "Referral | None": ...
    def apply(self, referral: "Referral", effect: "Effect", at: datetime) -> None: ...
    def note_feedback(self, sent_at: datetime) -> None: ...


class Breaker(Protocol):
    def check(self, campaign: str, policy: "BreakerPolicy", now: datetime) -> "Trip | None": ...
    def announced(self, trip: "Trip") -> None: ...


class BreakerStates(Protocol):
    def state(self, campaign: str, policy: "BreakerPolicy", now: datetime) -> "State": ...


class Counters(Protocol):
    def read(self, campaign: str, wanted: "Iterable[tuple[str, date | None]]") -> "Read": ...


class Announcements(Protocol):
    def breaker_tripped(self, trip: "Trip") -> None: ...


class Suppressions(Protocol):
    def suppress(self, key: str, fact: "Closing", now: datetime, campaign: str | None = None) -> None: ...
    def allow_again(self, key: str, now: datetime) -> None: ...


class ClosingReferrals(Protocol):
    def close(self, receipt: str, closing: "Closing", now: datetime) -> None: ...
    def answer(self, receipt: str, answer: "Answer", now: datetime) -> None: ...
    def note(self, receipt: str, milestone: str, now: datetime) -> None: ...


class Registry(Protocol):
    def ask(self, query: "Query") -> list[Any]: ...


class KeptMatches(Protocol):
    def get(self, key: str, now: datetime) -> "list[Match] | None": ...
    def put(self, key: str, matches: "list[Match]", now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Intake:
    """`fill_time` is what a person needs at least to fill in the form."""

    referrals: IntakeReferrals
    site: "Site"
    hashing_keys: "Ring"
    challenges: Challenges
    fill_time: timedelta


@dataclass(frozen=True, slots=True)
class Wake:
    referrals: WakeReferrals
    campaigns: "Campaigns"


@dataclass(frozen=True, slots=True)
class Gauges:
    campaigns: "Campaigns"
    breaker: BreakerStates
    stats: Counters
    quota: "Callable[[], Quota]"


@dataclass(frozen=True, slots=True)
class Feedback:
    referrals: FeedbackReferrals
    suppressions: Suppressions
    doctor_keys: "DoctorKeys"
    campaigns: "Campaigns"
    breaker: Breaker
    announcements: Announcements


@dataclass(frozen=True, slots=True)
class LinkParts:
    links: "Links"
    suppressions: Suppressions
    referrals: ClosingReferrals
    site: "Site"


@dataclass(frozen=True, slots=True)
class Lookup:
    registry: Registry
    kept: KeptMatches
