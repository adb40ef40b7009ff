"""Simulate doctors and their mail programs: opens, clicks, answers and opt-outs."""

import html
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from urllib.parse import urlsplit

from werkzeug.test import Client

from local.demo.mail_outcomes import Chance
from local.demo.sample_doctors import Doctor
from local.demo.timetable import Agenda
from samlocal.ses.mailbox import Mail

_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
_SCANNER = "Mozilla/5.0 (compatible; examplemail-scanner/2.1)"
_TRACKED = re.compile(r'(?:href|src)="([^"]*/_local/ses/track/[^"]+)"')
_UNDO = re.compile(r'name="undo" value="([^"]+)"')
_ANSWER = re.compile(r"\S+/api/answer\?token=\S+")

# Factors for the probability that doctors open and answer a message, by specialty.
_INTEREST = {
    "Radiation Oncology": 1.35,
    "Orthopedic spine surgery": 1.3,
    "Interventional Radiology": 1.25,
    "Medical Oncology": 1.05,
    "Family Medicine": 0.6,
    "Internal Medicine": 0.7,
}
_STATES = {"IL": 1.25, "CA": 1.1, "TX": 0.8, "FL": 0.85, "MA": 1.2, "WA": 1.15, "OH": 0.9}
_OPENS, _REMINDED_OPENS = 0.4, 0.27
_FOLLOWS, _ANSWERS, _STOPS = 0.28, 0.17, 0.035
_ANSWER_WEIGHTS = {"information": 46, "call": 30, "no": 24}


@dataclass
class SimulatedDoctors:
    """Schedules the reactions of doctors. `client` sends requests to the local stack as a browser does.

    `doctor` returns the recipient of a message.
    """

    agenda: Agenda
    client: Client
    chance: Chance
    doctor: Callable[[Mail], Doctor]

    def receive(self, mail: Mail) -> None:
        """Schedule the reactions to a delivered message."""
        chance, address = self.chance(mail), mail.to[0]
        if _is_scanned(address):
            self.agenda.call(chance.uniform(0.4, 3), partial(self._scan, mail))
        interest = _interest(self.doctor(mail))
        opens = _OPENS if dict(mail.tags)["step"] == "introduction" else _REMINDED_OPENS
        if chance.random() >= opens * interest:
            return
        at = _at_work(self.agenda.now + timedelta(minutes=20 + chance.expovariate(1 / 900)), chance)
        self.agenda.at(at, partial(self._get, mail, 0, _BROWSER))
        if chance.random() < 0.15:
            self.agenda.at(_at_work(at + timedelta(days=chance.uniform(1, 6)), chance), partial(self._get, mail, 0))
        if chance.random() < _FOLLOWS * interest:
            self.agenda.at(at + timedelta(seconds=chance.uniform(15, 240)), partial(self._get, mail, 1))
        self._schedule_answer(mail, at, chance, interest)

    def _schedule_answer(self, mail: Mail, opened: datetime, chance: Random, interest: float) -> None:
        drawn = chance.random()
        if drawn < _ANSWERS * interest:
            (answer,) = chance.choices(list(_ANSWER_WEIGHTS), list(_ANSWER_WEIGHTS.values()))
            later = timedelta(minutes=2) if chance.random() < 0.5 else timedelta(days=chance.uniform(0.2, 5))
            self.agenda.at(_at_work(opened + later, chance), partial(self._answer, mail, answer))
        elif drawn > 1 - _STOPS:
            at = opened + timedelta(seconds=chance.uniform(20, 90))
            in_mail_program, is_mistake = chance.random() < 0.4, chance.random() < 0.1
            self.agenda.at(at, partial(self._opt_out, mail, in_mail_program=in_mail_program, is_mistake=is_mistake))

    def _scan(self, mail: Mail) -> None:
        """Load the pixel and two links at once, as mail scanners do. About half of them use a browser's user agent."""
        agent = _SCANNER if zlib.crc32(mail.to[0].encode()) % 2 else _BROWSER
        for number in range(3):
            self._get(mail, number, agent)

    def _get(self, mail: Mail, number: int, agent: str = _BROWSER) -> None:
        """Load a tracked URL of the message: the pixel is number 0, and the links follow."""
        *links, pixel = (html.unescape(found) for found in _TRACKED.findall(mail.html or ""))
        address = urlsplit(([pixel, *links] * 2)[number])
        self.client.get(address.path, headers={"User-Agent": agent})

    def _answer(self, mail: Mail, answer: str) -> None:
        found = _ANSWER.search(mail.text or "")
        assert found, "each message has a link to answer"
        self._post(found[0], {"answer": answer})

    def _opt_out(self, mail: Mail, *, in_mail_program: bool, is_mistake: bool) -> None:
        """Opt out. After a mistake, press the button that only the page has."""
        address = dict(mail.headers)["List-Unsubscribe"].strip("<>")
        page = self._post(address, {"List-Unsubscribe": "One-Click"} if in_mail_program else {"scope": "campaign"})
        if is_mistake and (token := _UNDO.search(page)):
            self.agenda.call(180, partial(self._post, address, {"undo": token[1]}))

    def _post(self, address: str, chosen: dict[str, str]) -> str:
        """Return the page that answers."""
        parts = urlsplit(address)
        answered = self.client.post(f"{parts.path}?{parts.query}", data=chosen)
        assert answered.status_code == 200, f"{parts.path} answered {answered.status_code}"
        return answered.text


def _interest(doctor: Doctor) -> float:
    return _INTEREST.get(doctor.details.get("specialty", ""), 1.0) * _STATES.get(doctor.state, 1.0)


def _is_scanned(address: str) -> bool:
    """Return whether a mail scanner checks messages to the address. This applies to a third of the domains."""
    return zlib.crc32(address.rpartition("@")[2].encode()) % 3 == 0


def _at_work(moment: datetime, chance: Random) -> datetime:
    """Return the time, or move it to the next morning if it is at night or, in most cases, on a weekend.

    Doctors read email in the daytime, mostly on weekdays.
    """
    while not 12 <= moment.hour <= 23 or (moment.weekday() >= 5 and chance.random() < 0.8):
        is_over = moment.hour >= 12
        moment = moment.replace(hour=12, minute=chance.randrange(60)) + timedelta(days=is_over)
        moment += timedelta(minutes=chance.randrange(240))
    return moment
