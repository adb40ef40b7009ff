"""Simulate the delivery of messages: most are delivered, some soft bounce, a few bounce permanently."""

from collections.abc import Callable
from functools import partial
from random import Random

from local.demo.plan import SpecialCase
from local.demo.timetable import Agenda
from samlocal.ses import events as events
from samlocal.ses.events import Publisher
from samlocal.ses.mailbox import Mail, new_id, stamp
from samlocal.ses.mailbox_simulator import Delivery

Chance = Callable[[Mail], Random]
"""Returns a random generator with a seed that depends only on the message."""


class SimulatedDelivery(Delivery):
    """Publishes the events of a message.

    `special_case` returns that of the message's referral, or None. `arrived` is called for delivered messages.
    """

    def __init__(
        self,
        publisher: Publisher,
        agenda: Agenda,
        chance: Chance,
        special_case: Callable[[Mail], SpecialCase | None],
        arrived: Callable[[Mail], None],
    ) -> None:
        super().__init__(publisher, agenda)
        self._agenda = agenda
        self._chance = chance
        self._special_case = special_case
        self._arrived = arrived

    def accepted(self, mail: Mail) -> None:
        chance, special_case, recipients = self._chance(mail), self._special_case(mail), list(mail.to)
        self._later.call(0.1, partial(self._publisher.publish, mail, events.SEND, {}))
        if special_case is SpecialCase.UNKNOWN_ADDRESS:
            self._later.call(chance.uniform(1, 20), partial(self._bounced, mail, recipients))
        elif chance.random() < 0.02:
            self._later.call(chance.uniform(600, 7200), partial(self._mailbox_full, mail, recipients))
        else:
            self._later.call(_delivery_seconds(chance), partial(self._deliver, mail, recipients, special_case))

    def _deliver(self, mail: Mail, recipients: list[str], special_case: SpecialCase | None) -> None:
        self._delivered(mail, recipients)
        chance = self._chance(mail)
        if chance.random() < 0.02:
            self._later.call(chance.uniform(30, 600), partial(self._out_of_office, mail, recipients))
        if special_case is SpecialCase.COMPLAINS:
            self._later.call(chance.uniform(3600, 9 * 3600), partial(self._complained, mail, recipients))
            return
        self._arrived(mail)

    def _mailbox_full(self, mail: Mail, recipients: list[str]) -> None:
        said = {"action": "failed", "status": "5.2.2", "diagnosticCode": "smtp; 552 5.2.2 mailbox full"}
        details = {
            "feedbackId": new_id(),
            "bounceType": "Transient",
            "bounceSubType": "MailboxFull",
            "bouncedRecipients": [{"emailAddress": address, **said} for address in recipients],
            "timestamp": stamp(self._agenda.now),
        }
        self._publisher.publish(mail, events.BOUNCE, details)


def _delivery_seconds(chance: Random) -> float:
    """Return the seconds until delivery. Some servers delay the first message of an unknown sender (greylisting)."""
    return chance.uniform(300, 2400) if chance.random() < 0.05 else 0.8 + chance.expovariate(1 / 3)
