"""Add to doctors the facts that their referrals prove: messages sent, opt-outs, complaints and bounces."""

from cli.stacks import Stack
from cli.table_scan import scan
from referral_intake.aws import doctor_items
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.item_format import Item, from_item
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.secrets import Secrets
from referral_intake.aws.table import Table
from referral_intake.core import doctor_changes
from referral_intake.core.doctor_records import Fact, KeySet, Records, StepClaim
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Referral, Stage
from referral_intake.core.steps import INTRODUCTION

_FACTS = (Closing.COMPLAINED.value, Closing.OPTED_OUT.value, Closing.BOUNCED.value)


class DoctorFacts:
    def __init__(self, stack: Stack, *, go: bool) -> None:
        self._client, self._name, self._go = stack.dynamodb, stack.output("TableName"), go
        self._table, self._claims = Table(self._client, self._name), ClaimTable(self._client, self._name)
        self._hashes = DoctorHashes(lambda: Secrets().keyring(stack.output("HashingKeysArn")))
        self._added = 0

    def add_missing(self) -> int:
        """Add the facts that doctors lack, and return how many were missing. Existing facts do not change.

        Without `go`, only count them.
        """
        scan(self._client, self._name, "referral", self._each, "Facts of doctors")
        return self._added

    def _each(self, items: list[Item]) -> None:
        proven = []
        for item in items:
            try:
                referral = from_item(item)
            except (KeyError, TypeError, ValueError):
                continue  # `restore` has already reported this item.
            claims, facts = _claims(referral), _facts(referral)
            if claims or facts:
                proven.append((KeySet(self._hashes.of(referral)[0]), claims, facts))
        keys = sorted({key for its, _, _ in proven for key in its.current})
        records = dict(doctor_items.read(self._table, keys).records)
        for its, claims, facts in proven:
            changed = doctor_changes.with_history(its, records, claims, facts)
            if added := _count(changed) - _count({key: records.get(key, {}) for key in its.current}):
                self._added += added
                records |= changed
                if self._go:
                    self._claims.add_history(its.current, claims, facts)


def _count(records: Records) -> int:
    """Return the number of claims and facts."""
    return sum(len(one.claims) + len(one.facts) for known in records.values() for one in known.values())


def _claims(referral: Referral) -> dict[str, StepClaim]:
    """Return the claims of the steps that were sent, or may have been."""
    told = {step: written.last_attempt_at for step, written in referral.messages.items() if written.attempts}
    if referral.contact_channel or (referral.reason == Reason.RESTORED and "sent" in referral.milestones):
        told.setdefault(INTRODUCTION, referral.milestones["sent"])
    if referral.stage is Stage.SENDING or referral.reason == Reason.SEND_UNCLEAR:
        told.setdefault(INTRODUCTION, referral.submitted_at)
    return {f"{referral.campaign}/{step}": StepClaim(referral.receipt, at) for step, at in told.items()}


def _facts(referral: Referral) -> dict[str, Fact]:
    """Return the facts that an opt-out or an SES event records.

    An opt-out that was undone counts if nothing else is known: the doctor may have opted out again.
    """
    times = {fact: referral.milestones[fact] for fact in _FACTS if fact in referral.milestones}
    if referral.reason in _FACTS and referral.closed_at:
        times.setdefault(referral.reason, referral.closed_at)
    return {name: Fact(at, referral.receipt) for name, at in times.items()}
