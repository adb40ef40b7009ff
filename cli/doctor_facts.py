"""Add to doctors the facts that their referrals prove: messages sent, opt-outs, complaints and bounces."""

from collections.abc import Iterator
from typing import Any

from cli.stacks import Stack
from cli.table_scan import scan
from referral_intake.aws.item_format import Item, doctor_key, from_item, plain, timestamp
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.secrets import Secrets
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Referral, Stage
from referral_intake.core.steps import INTRODUCTION

_NO = (Closing.COMPLAINED.value, Closing.OPTED_OUT.value, Closing.BOUNCED.value)


class DoctorFacts:
    def __init__(self, stack: Stack, *, go: bool) -> None:
        self._client, self._name, self._go = stack.dynamodb, stack.output("TableName"), go
        self._table = Table(self._client, self._name)
        self._hashes = DoctorHashes(lambda: Secrets().keyring(stack.output("HashingKeysArn")))
        self._noted = 0

    def add_missing(self) -> int:
        """Add the facts that doctors lack, and return how many were missing. Existing facts do not change.

        Without `go`, only count them.
        """
        scan(self._client, self._name, "referral", self._each, "Facts of doctors")
        return self._noted

    def _each(self, items: list[Item]) -> None:
        proven = {}
        for item in items:
            try:
                referral = from_item(item)
            except (KeyError, TypeError, ValueError):
                continue  # `restore` has already reported this item.
            if facts := _facts(referral):
                proven[referral.receipt] = referral, facts, self._hashes.of(referral)[0]
        keys = sorted({key for _, _, keys in proven.values() for key in keys})
        found = self._table.read_many([doctor_key(key) for key in keys])
        known = {item["pk"]["S"].partition("#")[2]: plain(item) for item in found.items}
        for _, facts, keys_of_one in proven.values():
            for key in keys_of_one:
                self._note(key, dict(_lacking(key, facts, known.setdefault(key, {}))), known[key])

    def _note(self, key: str, lacking: dict[str, Any], known: dict[str, Any]) -> None:
        if not lacking:
            return
        update = Update(doctor_key(key))
        for name, value in lacking.items():
            update.set_once(name, value)
        if self._go:
            self._table.update(update)
        known |= lacking
        self._noted += len(lacking)


def _facts(referral: Referral) -> dict[str, Any]:
    """Return the facts that a claim, an opt-out or an SES event writes to the doctor's item."""
    milestones = referral.milestones
    told = {step: written.last_attempt_at for step, written in referral.messages.items() if written.attempts}
    if referral.told_by or (referral.reason == Reason.RESTORED and "sent" in milestones):
        told.setdefault(INTRODUCTION, milestones["sent"])
    if referral.stage is Stage.SENDING or referral.reason == Reason.SEND_UNCLEAR:
        told.setdefault(INTRODUCTION, referral.submitted_at)
    facts: dict[str, Any] = {
        f"{referral.campaign}/{step}": {"by": referral.receipt, "at": timestamp(at)} for step, at in told.items()
    }
    # A withdrawn opt-out counts if nothing else is known: the doctor may have opted out again.
    facts |= {fact: timestamp(milestones[fact]) for fact in _NO if fact in milestones}
    if referral.reason in _NO and referral.closed_at:
        facts.setdefault(referral.reason, timestamp(referral.closed_at))
    return facts


def _lacking(key: str, facts: dict[str, Any], known: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in facts.items():
        if name == Closing.BOUNCED and not key.startswith("email#"):
            continue  # A bounce is a fact about the address, not about the doctor.
        if name == Closing.OPTED_OUT and any(one.partition("/")[0] == name for one in known):
            continue  # The existing opt-out may be limited to a campaign, which the referral does not record.
        if name not in known:
            yield name, value
