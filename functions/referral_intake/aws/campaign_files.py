"""Campaigns as files: `campaign.toml` and `approval.toml` in `templates/campaigns/<name>/`."""

import re
import tomllib
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from referral_intake.core.breaker import BreakerPolicy
from referral_intake.core.campaign import Approval, Campaign, InformationPolicy, Policy, Sender
from referral_intake.core.smoke_test import tested_campaign
from referral_intake.core.steps import INFORMATION, MESSAGE_PARTS, template_name

# Names come from requests. This pattern also prevents path traversal.
NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
# Limits that few campaigns change. Policy has their defaults.
_OPTIONAL_LIMITS = (
    "introductions_per_domain",
    "introductions_per_practice",
    "addresses_per_name",
    "unseen_per_day",
    "mails_role_addresses",
)


class Campaigns:
    """Reads campaigns once per process. `root` is the templates folder."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "campaigns"
        # Bounded: names come from requests, and unknown names are cached, too.
        self._read = lru_cache(maxsize=64)(self._read)  # type: ignore[method-assign]

    def get(self, name: str) -> Campaign | None:
        """Return the campaign of this name, if any. For a smoke test, return the tested campaign."""
        name = tested_campaign(name)
        return self._read(name) if NAME.fullmatch(name) else None

    def names(self) -> list[str]:
        return sorted(file.parent.name for file in self._folder.glob("*/campaign.toml"))

    def _read(self, name: str) -> Campaign | None:
        try:
            data = tomllib.loads((self._folder / name / "campaign.toml").read_text("utf-8"))
            approval = tomllib.loads((self._folder / name / "approval.toml").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return replace(
            _campaign(name, data, approval, self._locales(name)),
            has_material=self._has_message(name, data["mail_locale"], INFORMATION),
        )

    def _has_message(self, name: str, locale: str, step: str) -> bool:
        folder = self._folder / name / "messages" / locale
        return all((folder / f"{template_name(step)}.{part}").exists() for part in MESSAGE_PARTS)

    def _locales(self, name: str) -> tuple[str, ...]:
        """Return the languages of the campaign's pages."""
        return tuple(sorted(file.name.split(".")[1] for file in (self._folder / name).glob("page.*.toml")))


def _campaign(name: str, data: dict[str, Any], approval: dict[str, Any], locales: tuple[str, ...]) -> Campaign:
    policy, breaker = data["policy"], dict(data["breaker"])
    return Campaign(
        name=name,
        product=data["product"],
        # The first is the default for a reader of any other language.
        locales=tuple(sorted(locales, key=lambda locale: locale != data["locale"])),
        mail_locale=data["mail_locale"],
        sender=Sender(**data["sender"]),
        policy=Policy(
            cooldown=timedelta(days=policy["cooldown_days"]),
            expires_after=timedelta(days=policy["expires_after_days"]),
            reminders=policy["reminders"],
            reminder_after=timedelta(days=policy["reminder_after_days"]),
            grace=timedelta(minutes=policy.get("grace_minutes", 10)),
            introduction_in_office_hours=policy.get("introduction_hours", "office") == "office",
            time_zone=ZoneInfo(policy["time_zone"]),
            per_domain_per_day=policy["per_domain_per_day"],
            names_per_address=policy["names_per_address"],
            addresses_per_npi=policy["addresses_per_npi"],
            information=InformationPolicy(policy.get("information", InformationPolicy.BY_HAND)),
            **{name: policy[name] for name in _OPTIONAL_LIMITS if name in policy},
        ),
        approval=Approval(**{**approval, "content": frozenset(approval["content"].items())}),
        breaker=BreakerPolicy(window=timedelta(days=breaker.pop("window_days")), **breaker),
    )
