"""What the records under a doctor's keys mean for the doctor's referral. `records` are those under all keys."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from referral_intake.core.claim import AlreadyClaimed, MailboxSuppressed, MustHold, Obstacle, Suppressed
from referral_intake.core.doctor_records import (
    BOUNCED,
    DoctorRecord,
    Fact,
    KeySet,
    Records,
    StepClaim,
    is_strong,
    kind,
)
from referral_intake.core.opt_outs import OptOut
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.same_doctor import Identifiers, Verdict, compare

_HELD_BECAUSE = {
    Verdict.SHARED_MAILBOX: Reason.SHARED_MAILBOX,
    Verdict.POSSIBLY_SAME: Reason.POSSIBLY_SAME_DOCTOR,
}


@dataclass(frozen=True, slots=True)
class Match:
    """A record under one of the doctor's keys, and whether it is of the same doctor."""

    key: str
    record: DoctorRecord
    verdict: Verdict

    @property
    def id(self) -> str:
        return self.record.id_under(self.key)

    @property
    def receipts(self) -> frozenset[str]:
        """The referrals that claimed a step for the doctor of the record, or through which a fact came."""
        claims, facts = self.record.claims.values(), self.record.facts.values()
        return frozenset({one.by for one in claims} | {one.by for one in facts})


@dataclass(frozen=True, slots=True)
class PossibleMatch:
    """Another referral, whose doctor may be the same. `shared` are kinds of keys: email, phone, postcode."""

    receipt: str
    shared: frozenset[str]
    has_opted_out: bool


def matches(keys: KeySet, records: Records) -> list[Match]:
    """Compare the doctor with each record. What a person decided before counts more than a weak match."""
    found = [
        Match(key, record, compare(_identifiers(keys), _identifiers_of(record, key, keys)))
        for key in keys.all
        for record in records.get(key, {}).values()
    ]
    ids = keys.ids
    own = [one.record for one in found if one.verdict is Verdict.SAME]
    same = frozenset().union(*(one.same_as for one in own))
    different = frozenset().union(*(one.different_from for one in own))

    def decided(one: Match) -> Match:
        if not one.verdict.is_held:
            return one
        if one.id in same or not ids.isdisjoint(one.record.same_as):
            return replace(one, verdict=Verdict.SAME)
        if one.id in different or not ids.isdisjoint(one.record.different_from):
            return replace(one, verdict=Verdict.DIFFERENT)
        return one

    return [decided(one) for one in found]


def binding_opt_outs(keys: KeySet, records: Records) -> Iterator[tuple[Match, str, Fact]]:
    """Return the complaints and opt-outs that forbid messages to the doctor, each with the record and its name."""
    for one in matches(keys, records):
        for name, fact in one.record.opt_outs():
            if _is_binding(one, fact):
                yield one, name, fact


def opt_outs_in_effect(keys: KeySet, records: Records) -> set[OptOut]:
    """Return the complaints and opt-outs that forbid messages to the doctor, each once."""
    return {
        OptOut(name, fact.by, fact.at, is_repeated=fact.is_repeated)
        for _, name, fact in binding_opt_outs(keys, records)
    }


def _is_binding(one: Match, fact: Fact) -> bool:
    # At the doctor's own word, also the name with the phone or ZIP code is certain.
    return one.verdict is Verdict.SAME or (fact.is_personal and one.verdict is Verdict.POSSIBLY_SAME)


def find_obstacle(
    keys: KeySet,
    records: Records,
    receipt: str,
    campaign: str,
    step: str,
    *,
    claims_since: datetime,
    by_email: bool,
    overruled: Collection[str] = (),
) -> Obstacle | None:
    """Return what keeps this referral from telling its doctor, the strongest obstacle first.

    Claims before `claims_since`, and those of `overruled` referrals, do not count.
    """
    found = matches(keys, records)
    if suppression := _suppression(found, campaign):
        return suppression
    held = [one for one in found if one.verdict.is_held]
    for one in held:
        if opt_out := one.record.opt_out(campaign):
            return MustHold(Reason.MAY_HAVE_OPTED_OUT, opt_out[1].by)

    def claim_of(one: Match) -> StepClaim | None:
        claim = one.record.claims.get(f"{campaign}/{step}")
        is_current = claim and claim.at >= claims_since and claim.by not in {receipt, *overruled}
        return claim if is_current else None

    for one in found:
        if one.verdict is Verdict.SAME and (claim := claim_of(one)):
            return AlreadyClaimed(claim.by, claim.is_reservation)
    for one in held:
        if claim := claim_of(one):
            return MustHold(_HELD_BECAUSE[one.verdict], claim.by)
    return _mailbox_obstacle(keys, found, campaign) if by_email else None


def _suppression(found: Collection[Match], campaign: str) -> Suppressed | None:
    through: dict[Closing, str] = {}
    for one in found:
        if (opt_out := one.record.opt_out(campaign)) and _is_binding(one, opt_out[1]):
            through.setdefault(opt_out[0], opt_out[1].by)
    return next((Suppressed(closing, through[closing]) for closing in Closing if closing in through), None)


def _mailbox_obstacle(keys: KeySet, found: Collection[Match], campaign: str) -> MailboxSuppressed | None:
    in_mailbox = [one.record for one in found if one.record.mailbox in keys.mailboxes]
    if any(one.opt_out(campaign) for one in in_mailbox):
        return MailboxSuppressed(Reason.MAILBOX_OPTED_OUT)
    if any(BOUNCED in one.facts for one in in_mailbox):
        return MailboxSuppressed(Reason.EMAIL_BOUNCED)
    return None


def possible_matches(keys: KeySet, records: Records, receipt: str, campaign: str) -> list[PossibleMatch]:
    """Return the other referrals whose doctors a person must compare with this one's."""
    found: dict[str, PossibleMatch] = {}
    for one in matches(keys, records):
        for other in sorted(one.receipts - {receipt}) if one.verdict.is_held else ():
            known = found.get(other, PossibleMatch(other, frozenset(), has_opted_out=False))
            has_opted_out = known.has_opted_out or one.record.opt_out(campaign) is not None
            found[other] = PossibleMatch(other, known.shared | {kind(one.key)}, has_opted_out)
    return list(found.values())


# ---- Comparison ------------------------------------------------------------------------------------------------------


def _identifiers(keys: KeySet) -> Identifiers:
    own = keys.new_record
    return Identifiers(own.mailbox, own.npi, frozenset((kind(key), key) for key in keys.all if not is_strong(key)))


def _identifiers_of(record: DoctorRecord, key: str, keys: KeySet) -> Identifiers:
    """Return the identifiers of a record under a shared key, with equal ones as made with the current hashing key."""
    own = keys.new_record
    mailbox = own.mailbox if record.mailbox in keys.mailboxes else record.mailbox
    npi = own.npi if record.npi in keys.npis else record.npi
    weak = frozenset[tuple[str, str]]() if is_strong(key) else frozenset({(kind(key), key)})
    return Identifiers(mailbox, npi, weak)


def referrals_to_check(keys: KeySet, records: Records, receipt: str) -> Iterator[str]:
    """Return the other referrals of the same doctor, or of one who may be the same. An opt-out may concern them."""
    for one in matches(keys, records):
        if one.verdict is not Verdict.DIFFERENT:
            yield from (claim.by for claim in one.record.claims.values() if claim.by != receipt)
