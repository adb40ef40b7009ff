"""In-memory fakes of adapters and services."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from referral_intake.aws.keys import Keyring
from referral_intake.aws.signed_links import Link
from referral_intake.core import decisions, doctor_changes, doctor_matching, information, letter_code, public_status
from referral_intake.core.breaker import BreakerPolicy, Trip
from referral_intake.core.callback import Callback
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import AlreadyClaimed, Claim, Obstacle
from referral_intake.core.doctor_records import DoctorRecord, Fact, KeySet, Records, StepClaim
from referral_intake.core.errors import Stale
from referral_intake.core.limits import GroupKind, Mark
from referral_intake.core.mail_events import Effect
from referral_intake.core.message import Message
from referral_intake.core.milestones import Milestone
from referral_intake.core.opt_outs import OptOut
from referral_intake.core.quota import Wait
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import LEASE, Answer, Referral, Stage, Transition, close
from referral_intake.outreach.screening import Suspicion


def ring() -> Keyring:
    return Keyring("k1", {"k1": b"a key for tests"})


class FakeSourceKeys:
    """A key for each day, which is never thrown away."""

    def of_day(self, now: datetime) -> bytes:
        return f"a key of {now:%Y-%m-%d} for tests".encode()


@dataclass
class FakeLetterCodes:
    """The codes of printed letters, with the links that they stand for."""

    links: dict[str, Link] = field(default_factory=dict)

    def code_of(self, receipt: str) -> str:
        return letter_code.make(hashlib.sha256(receipt.encode()).digest())

    def store(self, links: Sequence[Link]) -> None:
        self.links |= {self.code_of(link.receipt): link for link in links}

    def find(self, code: str) -> Link | None:
        return self.links.get(code)


@dataclass
class FakeTable:
    """Referrals by receipt, and the records of doctors by key."""

    referrals: dict[str, Referral] = field(default_factory=dict)
    _records: dict[str, Mapping[str, DoctorRecord]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    settled: datetime | None = None

    def add(self, referral: Referral) -> Referral | None:
        there = self.referrals.get(referral.receipt)
        self.referrals.setdefault(referral.receipt, referral)
        return there

    def get(self, receipt: str, *, consistent: bool = False) -> Referral | None:
        return self.referrals.get(receipt)

    def due(self, campaign: str, now: datetime, limit: int) -> list[str]:
        found = [r for r in self.referrals.values() if r.campaign == campaign and r.due_at and r.due_at <= now]
        return [r.receipt for r in sorted(found, key=lambda r: str(r.due_at))][:limit]

    def move(self, referral: Referral, move: Transition, now: datetime | None = None) -> None:
        if self.referrals[referral.receipt].revision != referral.revision:
            raise Stale
        self.referrals[referral.receipt] = replace(
            referral,
            stage=move.stage,
            due_at=move.due_at,
            reason=move.reason,
            leader=move.leader,
            failed_attempts=move.failed_attempts,
            is_vetted=referral.is_vetted or move.by_a_person,
            group=move.group,
            stored_closed_at=move.closed_at,
            revision=referral.revision + 1,
        )

    def claim(
        self, claim: Claim, message: Message, *, now: datetime, cooldown: timedelta, overruled: Collection[str] = ()
    ) -> Obstacle | None:
        obstacle = self._claim(claim, now, cooldown, overruled, by_email=True)
        if obstacle is None:
            self.referrals[claim.referral.receipt] = replace(claim.claimed_referral, due_at=now + LEASE)
        return obstacle

    def reserve(
        self, claim: Claim, move: Transition, *, now: datetime, cooldown: timedelta, overruled: Collection[str] = ()
    ) -> Obstacle | None:
        obstacle = self._claim(claim, now, cooldown, overruled, by_email=False)
        if obstacle is None:
            self.move(claim.referral, move)
        return obstacle

    def _claim(
        self, claim: Claim, now: datetime, cooldown: timedelta, overruled: Collection[str], *, by_email: bool
    ) -> Obstacle | None:
        if obstacle := self._obstacle(claim, now, cooldown, overruled, by_email=by_email):
            return obstacle
        step, its = f"{claim.referral.campaign}/{claim.step}", StepClaim(claim.referral.receipt, now, not by_email)
        self._records |= doctor_changes.with_claim(KeySet(claim.keys), self._records, step, its, overruled)
        return None

    def _obstacle(
        self, claim: Claim, now: datetime, cooldown: timedelta, overruled: Collection[str] = (), *, by_email: bool
    ) -> Obstacle | None:
        return doctor_matching.find_obstacle(
            KeySet(claim.keys, claim.retired_keys),
            self._records,
            claim.referral.receipt,
            claim.referral.campaign,
            claim.step,
            claims_since=now - cooldown,
            by_email=by_email,
            overruled=overruled,
        )

    def last_check(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> Obstacle | None:
        found = self._obstacle(claim, now, cooldown, by_email=True)
        return None if isinstance(found, AlreadyClaimed) else found

    def suppress(
        self,
        keys: Sequence[str],
        fact: Closing,
        receipt: str,
        now: datetime,
        campaign: str | None = None,
        *,
        is_personal: bool = False,
    ) -> None:
        name = f"{fact.value}/{campaign}" if campaign else fact.value
        concerned = set(doctor_matching.referrals_to_check(KeySet(keys), self._records, receipt))
        its = Fact(now, receipt, is_personal=is_personal)
        self._records |= doctor_changes.with_fact(KeySet(keys), self._records, name, its)
        for letter in [self.referrals[one] for one in concerned & self.referrals.keys()]:
            if letter.stage is Stage.BY_POST:
                self.move(letter, decisions.queue(now))

    def opt_outs(self, keys: Sequence[str]) -> set[OptOut]:
        return doctor_matching.opt_outs_in_effect(KeySet(keys), self._under(keys))

    def undo_opt_out(self, keys: Sequence[str], opt_out: OptOut, now: datetime) -> None:
        self._records |= doctor_changes.with_undo(KeySet(keys), self._under(keys), opt_out, now)

    def _under(self, keys: Sequence[str]) -> Records:
        return {key: records for key, records in self._records.items() if key in keys}

    def release(self, claim: Claim, move: Transition) -> None:
        own, step = KeySet(claim.keys).new_record, f"{claim.referral.campaign}/{claim.step}"
        for key in claim.keys:
            record = self._records[key][own.id_under(key)]
            kept = {name: one for name, one in record.claims.items() if name != step}
            self._records[key] = {**self._records[key], own.id_under(key): replace(record, claims=kept)}
        self.move(claim.claimed_referral, move)

    @property
    def claimed(self) -> dict[str, set[str]]:
        """The receipts of the referrals that claimed a step (`lumen/introduction`), by key."""
        found = {
            key: {one.by for record in records.values() for one in record.claims.values()}
            for key, records in self._records.items()
        }
        return {key: receipts for key, receipts in found.items() if receipts}

    @property
    def facts(self) -> dict[str, set[str]]:
        """The names of the facts about doctors, by key."""
        found = {
            key: {name for record in records.values() for name in record.facts}
            for key, records in self._records.items()
        }
        return {key: names for key, names in found.items() if names}

    def apply(self, referral: Referral, effect: Effect, at: datetime) -> None:
        if effect.move:
            self.move(referral, effect.move)
            referral = self.referrals[referral.receipt]
        self.referrals[referral.receipt] = replace(
            referral,
            milestones=effect.milestones,
            messages=effect.messages,
            engagements=effect.engagements,
            revision=referral.revision + 1,
        )

    def record_feedback(self, sent_at: datetime) -> None:
        self.settled = max(sent_at, self.settled or sent_at)

    def latest_feedback(self) -> datetime | None:
        return self.settled

    def answer(
        self,
        receipt: str,
        answer: Answer,
        now: datetime,
        callback: Callback | None = None,
        campaign: Campaign | None = None,
    ) -> Referral | None:
        if receipt not in self.referrals:
            return None
        self.answers[receipt] = answer
        there = self.referrals[receipt]
        if move := information.after_answer(there, answer, campaign, now):
            self.move(there, move)
        kept = there.callback if answer is Answer.CALL else None
        milestones = {Closing.ANSWERED.value: now, **there.milestones}
        self.referrals[receipt] = replace(
            self.referrals[receipt], answer=answer, milestones=milestones, callback=callback or kept
        )
        return self.referrals[receipt]

    def withdraw(self, receipt: str, now: datetime) -> Referral | None:
        if (referral := self.referrals.get(receipt)) and public_status.can_be_withdrawn(referral, now):
            if move := public_status.withdrawal_move(referral):
                self.move(referral, move)
            self.set_milestone(receipt, Milestone.WITHDRAWN, now)
        return self.referrals.get(receipt)

    def set_milestone(self, receipt: str, milestone: str, now: datetime) -> None:
        if receipt in self.referrals:
            there = self.referrals[receipt]
            self.referrals[receipt] = replace(there, milestones=there.milestones | {milestone: now})

    def close(self, receipt: str, closing: Closing, now: datetime) -> None:
        if receipt in self.referrals:
            self.move(self.referrals[receipt], close(closing))


@dataclass
class FakeMailer:
    """Records messages, or raises `fails`."""

    sent: list[Message] = field(default_factory=list)
    fails: Exception | None = None

    def send(self, message: Message) -> str:
        if self.fails:
            raise self.fails
        self.sent.append(message)
        return f"message-{len(self.sent)}"


@dataclass
class FakeBreaker:
    """Returns `trip` until it is announced."""

    trip: Trip | None = None

    def check(self, campaign: str, policy: BreakerPolicy, now: datetime) -> Trip | None:
        return self.trip

    def mark_announced(self, trip: Trip) -> None:
        self.trip = None


@dataclass
class FakeAnnouncements:
    """Records announcements, or raises `fails`."""

    announced: list[Trip] = field(default_factory=list)
    fails: Exception | None = None

    def breaker_tripped(self, trip: Trip) -> None:
        if self.fails:
            raise self.fails
        self.announced.append(trip)


@dataclass
class FakeSuspected:
    """Lists the referrals of `flooding` sources with this group."""

    flooding: dict[str, str] = field(default_factory=dict)

    def group_for(self, referral: Referral, now: datetime) -> str | None:
        return self.flooding.get(referral.source or "")


@dataclass
class FakeScreeningCounts:
    """Counts and limits members as the table does, on one day."""

    max_per_source: int = 20
    disposable: frozenset[str] = frozenset({"trash.example"})
    bounced: frozenset[str] = frozenset({"source#source of a bounce"})
    hospitals: frozenset[str] = frozenset()
    rows: int = 20
    day: date = date(2026, 11, 23)
    seen: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    introductions: int = 0

    def is_disposable(self, domain: str) -> bool:
        return domain in self.disposable

    def hash_of(self, kind: str, value: str) -> str:
        return f"{kind}#{hashlib.sha256(value.encode()).hexdigest()}"

    def group_for(self, campaign: str, row: str) -> str | None:
        if row not in self.listed and len(self.listed) >= self.rows:
            return f"suspicious-{self.day}"
        self.listed.add(row)
        return None

    def admit(self, marks: Sequence[Mark], domain: str | None, campaign: Campaign | None) -> Suspicion | None:
        applied = [one for one in marks if not (one.kind is GroupKind.DOMAIN and domain in self.hospitals)]
        for mark in applied:
            if mark.key in self.bounced:
                return Suspicion(Reason.SOURCE_BOUNCED, mark.group)
            if mark.is_exceeded(self.seen.get(mark.key, {}), self.day):
                return Suspicion(mark.reason, mark.group)
        new = [one for one in applied if not one.is_counted(self.seen.get(one.key, {}), self.day)]
        if campaign and any(one.is_daily for one in new):
            if self.introductions >= campaign.policy.unseen_per_day:
                return Suspicion(Reason.DAILY_TOTAL, f"total-{self.day}")
            self.introductions += 1
        for mark in new:
            self.seen.setdefault(mark.key, {}).setdefault(mark.part(self.day), set()).add(mark.member)
        return None


@dataclass
class FakeThrottle:
    """Returns a slot at once, or `wait`."""

    wait: Wait | None = None

    def acquire(self, campaign: Campaign, address: str) -> Wait | None:
        return self.wait


@dataclass
class FakeMessageComposer:
    """Renders a message without templates."""

    def compose(self, referral: Referral, campaign: Campaign, claim: Claim) -> Message:
        return Message(
            to=referral.doctor.email or "",
            sender_name="",
            reply_to="",
            subject=claim.step,
            text="",
            html="",
            headers={},
            tags={},
            version="",
            content_hash="",
        )
