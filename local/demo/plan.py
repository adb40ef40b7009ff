"""Draw all submissions in advance from one seed, so that the same seed and days give the same referrals."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from local.demo.history import CAMPAIGN, END, START
from local.demo.sample_doctors import Directory, Doctor
from local.demo.submission_times import SubmissionTimes, a_moment

_END, _DAYS = END.date(), (END - START).days
_SPANISH_SHARES = {"TX": 0.28, "CA": 0.26, "FL": 0.26, "NM": 0.25, "NY": 0.2}


class SpecialCase(StrEnum):
    """A special case of a submission."""

    TRAP = "a hidden field was filled in"
    UNPROVEN = "no proof of work"
    TOO_FAST = "submitted within a second"
    CLINIC = "from a shared tablet in a waiting room"
    UNKNOWN_ADDRESS = "the email address does not exist"
    COMPLAINS = "the doctor complains"
    LOST = "its stream record fails repeatedly"


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission of the form. `source` is the IP address of the client."""

    at: datetime
    id: uuid.UUID
    doctor: Doctor
    submitted_by: str
    locale: str
    source: str
    special_case: SpecialCase | None = None

    @property
    def form(self) -> dict[str, Any]:
        """Return the request body that the page sends, without the challenge."""
        sent = {"submission_id": str(self.id), "campaign": CAMPAIGN, "locale": self.locale}
        sent |= {"comments": "Best prices"} if self.special_case is SpecialCase.TRAP else {}
        return sent | {"submitted_by": self.submitted_by, "doctor": self.doctor.details}


@dataclass(frozen=True, slots=True)
class Plan:
    """`count` referrals over the `days` before `end`."""

    end: date = _END
    count: int = 1600
    days: int = _DAYS
    seed: int = 1

    @property
    def submission_times(self) -> SubmissionTimes:
        return SubmissionTimes(self.end, self.days)

    @property
    def start(self) -> datetime:
        submission_times = self.submission_times
        return datetime.combine(submission_times.end - timedelta(days=submission_times.days), datetime.min.time(), UTC)

    def submissions(self) -> list[Submission]:
        """Return the submissions in the order of their times."""
        # A different count or number of days gives a different plan, not a part of the same plan.
        random = Random(f"{self.seed} {self.count} {self.days}")  # noqa: S311  (sample data, no secrets)
        directory = Directory(random)
        made = [*_plain(random, directory, self.submission_times.moments(random, self.count))]
        made = _with_special_cases(random, _groups(made, directory, self.submission_times))
        return sorted(made, key=lambda one: one.at)


def _plain(random: Random, directory: Directory, days: list[date]) -> Iterator[Submission]:
    known: list[Doctor] = []
    for day in days:
        # Some doctors are named by several patients.
        doctor = random.choice(known) if known and random.random() < 0.13 else directory.new()
        if doctor not in known:
            doctor = doctor.without_email() if random.random() < 0.14 else doctor
            known.append(doctor)
        is_spanish = random.random() < _SPANISH_SHARES.get(doctor.state, 0.08)
        yield Submission(
            at=a_moment(random, day, ZoneInfo("America/New_York")),
            id=uuid.UUID(int=random.getrandbits(128), version=4),
            doctor=doctor.in_spanish() if is_spanish else doctor,
            submitted_by="patient" if random.random() < 0.68 else "caregiver",
            locale="es" if is_spanish else "en",
            # From the three networks that are reserved for documentation (RFC 5737).
            source=f"{random.choice(('192.0.2', '198.51.100', '203.0.113'))}.{random.randrange(256)}",
        )


def _groups(made: list[Submission], directory: Directory, submission_times: SubmissionTimes) -> list[Submission]:
    """Change some submissions so that outreach holds them for a person, for example because they share an address."""
    step = max(10, len(made) // 9)
    for first in range(step // 2, len(made) - 4, step):
        one = made[first]
        email = one.doctor.details.get("email")
        if not email:
            continue
        # One email address for all doctors of a practice: outreach holds the third name.
        for place in (first + 2, first + 3):
            made[place] = replace(made[place], doctor=directory.new().with_details(email=email))
        # One NPI with two email addresses.
        if "npi" in one.doctor.details:
            made[first + 1] = replace(one, at=made[first + 1].at, id=made[first + 1].id)
            made[first + 1] = replace(made[first + 1], doctor=one.doctor.with_details(email=f"office.{email}"))
    for place in range(step // 3, len(made), step):
        # A real disposable domain, because the list of such domains has no reserved ones. No message is sent to it.
        email = f"dr{place}@mailinator.com"
        made[place] = replace(made[place], doctor=made[place].doctor.with_details(email=email))
    # On the day of the campaign, many submissions come from one shared tablet in a waiting room.
    there = [place for place, one in enumerate(made) if one.at.date() == submission_times.campaign_day]
    for place in there[: len(there) * 2 // 5]:
        made[place] = replace(made[place], source="203.0.113.7", special_case=SpecialCase.CLINIC)
    return made


def _with_special_cases(random: Random, made: list[Submission]) -> list[Submission]:
    shares = {
        SpecialCase.TRAP: 0.006,
        SpecialCase.UNPROVEN: 0.012,
        SpecialCase.TOO_FAST: 0.005,
        SpecialCase.UNKNOWN_ADDRESS: 0.02,
    }
    for place, one in enumerate(made):
        drawn = random.choices([None, *shares], [1 - sum(shares.values()), *shares.values()])[0]
        if drawn and one.special_case is None:
            made[place] = replace(one, special_case=drawn)
    # Two complaints in one week exceed the limit of the circuit breaker.
    _mark(made, SpecialCase.COMPLAINS, [0.2, 0.78, 0.79])
    # Distributed over the last two weeks, so that some are always open.
    _mark(made, SpecialCase.LOST, [0.4, *(share / 100 for share in range(84, 100, 2))])
    return made


def _mark(made: list[Submission], special_case: SpecialCase, where: list[float]) -> None:
    for share in where:
        rest = range(int(share * len(made)), len(made))
        place = next((n for n in rest if made[n].special_case is None and "email" in made[n].doctor.details), None)
        if place is not None:
            made[place] = replace(made[place], special_case=special_case)
