"""Simulate the team. It works on weekdays and is some days behind, so that the demo always has open tasks."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import boto3

from local.demo import MANAGER
from local.demo.history import CAMPAIGN
from local.demo.timetable import Agenda

if TYPE_CHECKING:
    from referral_intake.core.referral import Referral
    from referral_intake.dashboard.action_runner import ActionRunner
    from referral_intake.dashboard.action_types import Action

_WORK_HOUR = 15
_THURSDAY, _FRIDAY = 3, 4
_LONGEST_WAIT = timedelta(days=9)
_RESUME_DELAY = timedelta(minutes=70)
# Reasons for which referrals are held, with the reasons for which the team rejects them.
_REJECTED = {"trap": "looks_automated", "too_fast": "looks_automated", "disposable_domain": "not_a_doctor"}


class Staff:
    """Schedules the actions of the team.

    `waiting` yields the referrals that currently wait for a person. `chance` returns a random generator for a receipt,
    always with the same seed.
    """

    def __init__(
        self,
        agenda: Agenda,
        waiting: Callable[[], Iterator["Referral"]],
        chance: Callable[[str], Random],
    ) -> None:
        from referral_intake.core.users import Role, User

        self._agenda = agenda
        self._waiting = waiting
        self._chance = chance
        self._person = User("made-up", MANAGER, frozenset({Role.MANAGER}))
        self._client = boto3.client("dynamodb")
        self._runner = self._new_runner()

    def begin(self) -> None:
        self._agenda.at(self._agenda.now.replace(hour=_WORK_HOUR, minute=10) + timedelta(days=1), self._work)

    def on_breaker_tripped(self) -> None:
        """Schedule the resumption of the campaign after 70 minutes, or for the next morning if that is at night."""
        moment = self._agenda.now + _RESUME_DELAY
        if not 12 <= moment.hour <= 23:
            moment = moment.replace(hour=12, minute=30)
        self._agenda.at(moment, self._resume)

    def _resume(self) -> None:
        from referral_intake.aws.breaker_table import BreakerTable

        BreakerTable(self._client, os.environ["TABLE_NAME"]).resume(CAMPAIGN, self._person, self._agenda.now)

    def _work(self) -> None:
        from referral_intake.dashboard.action_runner import ChangedSinceSeen, TooLate

        now = self._agenda.now
        self._agenda.at(now + timedelta(days=3 if now.weekday() == _FRIDAY else 1), self._work)
        for referral in list(self._waiting()):
            if order := self._choose_action(referral):
                # The doctor may have opted out or got another message since. Then the action only records this.
                with suppress(TooLate, ChangedSinceSeen):
                    self._runner.run(order, self._agenda.now)
                self._agenda.advance(self._chance(referral.receipt).uniform(20, 90))

    def _choose_action(self, referral: "Referral") -> Any:
        """Return the action on a referral, or None to decide later."""
        from referral_intake.dashboard.action_types import Action
        from referral_intake.dashboard.actions import allowed_actions

        chance, actions = self._chance(referral.receipt), allowed_actions(referral)
        # The team never acts on a few referrals.
        waited = self._agenda.now - (referral.waits_since or self._agenda.now)
        if not actions or waited < _LONGEST_WAIT * chance.uniform(0.3, 1) or chance.random() < 0.04:
            return None
        if Action.CALLED_BACK in actions:
            return self._order(referral, Action.CALLED_BACK)
        if Action.INFORMATION_SENT in actions:
            return self._order(referral, Action.INFORMATION_SENT)
        if Action.RETRY in actions:
            return self._order(referral, Action.RETRY, again=True)
        if Action.SAME_DOCTOR in actions:
            decision = Action.SAME_DOCTOR if chance.random() < 0.7 else Action.ANOTHER_DOCTOR
            return self._order(referral, decision, others=(referral.leader or "",))
        if Action.APPROVE in actions:
            because = _REJECTED.get(referral.reason or "")
            reject = self._order(referral, Action.REJECT, reason=because or "wrong_details")
            return reject if because or chance.random() < 0.15 else self._order(referral, Action.APPROVE)
        return self._by_post(referral, chance)

    def _by_post(self, referral: "Referral", chance: Random) -> Any:
        from referral_intake.dashboard.action_types import Action

        drawn = chance.random()
        if drawn < 0.1:
            return self._order(referral, Action.ADD_EMAIL, email=f"office@{referral.receipt.lower()}.example.org")
        if drawn < 0.3 and referral.doctor.phone:
            return self._order(referral, Action.CALLED)
        # Letters are printed once a week.
        is_the_day = self._agenda.now.weekday() == _THURSDAY and referral.doctor.address.is_whole
        return self._order(referral, Action.LETTER_SENT) if is_the_day else None

    def _order(self, referral: "Referral", action: "Action", **more: Any) -> Any:
        from referral_intake.dashboard.action_types import ActionRequest

        return ActionRequest(referral.receipt, referral.revision, action, self._person, **more)

    def _new_runner(self) -> "ActionRunner":
        from referral_intake.aws.campaign_files import Campaigns
        from referral_intake.aws.keys import DoctorHashes
        from referral_intake.aws.referral_table import ReferralTable
        from referral_intake.aws.secrets import Secrets
        from referral_intake.dashboard.action_runner import ActionRunner
        from referral_intake.dashboard.action_table import ActionTable

        table, secrets = os.environ["TABLE_NAME"], Secrets()
        return ActionRunner(
            referrals=ReferralTable(self._client, table),
            action_table=ActionTable(self._client, table),
            doctor_keys=DoctorHashes(lambda: secrets.keyring(os.environ["HASHING_KEYS_SECRET"])),
            find_campaign=Campaigns(Path(os.environ["TEMPLATES_DIR"])).get,
        )
