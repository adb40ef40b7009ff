"""Routes for groups of held referrals and for mail domains of hospitals."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from referral_intake.aws.cursors import BadCursor
from referral_intake.aws.listing_table import CappedCount, HeldGroup, Page
from referral_intake.core.referral import Stage
from referral_intake.core.tasks import TaskKind
from referral_intake.core.users import User
from tests.support.dashboard import MANAGER, VIEWER, FakeAudit, FakeDashboard, ask
from tests.support.samples import NOW, referral

GROUP = "domain-3fa9c1e2d4b5a697"
MEMBER = replace(
    referral(name="Ana Veiled", email="ana@GoogleMail.com", address={"postal_code": "62701"}),
    stage=Stage.HELD,
    reason="many_at_one_domain",
    group=GROUP,
    waits_since=NOW,
)


@dataclass
class FakeListing:
    def tasks(self, campaign: str, kind: TaskKind, cursor: str | None, group: str) -> Page:
        if cursor:
            raise BadCursor
        assert (campaign, kind) == ("lumen", TaskKind.HELD)
        return Page([MEMBER] if group == GROUP else [], None, None, 1.0)

    def group(self, campaign: str, name: str) -> HeldGroup | None:
        return HeldGroup(name, CappedCount(1, is_more=False), NOW) if name == GROUP else None


@dataclass
class FakeHospitals:
    domains: set[str] = field(default_factory=set)

    def is_hospital(self, domain: str) -> bool:
        return domain in self.domains

    def confirm(self, domain: str, by: User, now: datetime) -> None:
        self.domains.add(domain)

    def take_back(self, domain: str, by: User, now: datetime) -> None:
        self.domains.discard(domain)


def parts() -> FakeDashboard:
    return FakeDashboard(listing=FakeListing(), hospital_domains=FakeHospitals())


def members(path: str = GROUP, query: str = "campaign=lumen", **options: Any) -> tuple[int, Any]:
    return ask(parts(), "GET", f"/groups/{path}", query=query, **options)


def test_a_manager_sees_the_members_and_the_view_is_recorded() -> None:
    audit = FakeAudit()
    fake = FakeDashboard(listing=FakeListing(), hospital_domains=FakeHospitals({"gmail.com"}), audit=audit)
    status, shown = ask(fake, "GET", f"/groups/{GROUP}", query="campaign=lumen")
    [member] = shown["referrals"]
    assert (status, shown["count"], shown["is_more"], shown["hospital_domain"]) == (200, 1, False, True)
    assert (member["doctor"]["email"], member["address"]["postal_code"]) == ("ana@googlemail.com", "62701")
    assert member["actions"] == ["approve", "reject"]
    assert audit.records == [("robin", "group", (MEMBER.receipt,))]
    query = f"campaign=lumen&known={shown['mark']}"
    assert ask(fake, "GET", f"/groups/{GROUP}", query=query)[0] == 204
    assert len(audit.records) == 1


def test_a_viewer_sees_masked_members_without_actions() -> None:
    status, shown = members(groups=VIEWER)
    assert (status, shown["referrals"][0]["actions"]) == (200, [])
    assert not any(word in str(shown) for word in ("Ana", "ana@", "62701"))


def test_a_group_without_members_is_empty() -> None:
    status, shown = members("unproven-2026-11-23")
    assert (status, shown["count"], shown["referrals"], shown["hospital_domain"]) == (200, 0, [], None)


@pytest.mark.parametrize(
    ("path", "query"),
    [("Domain-3fa9", ""), ("domain-xyz", ""), ("domain", ""), (GROUP, "&cursor=x")],
)
def test_an_invalid_name_or_cursor_is_refused(path: str, query: str) -> None:
    assert members(path, f"campaign=lumen{query}")[0] == 422
    assert members(GROUP, "campaign=nothing")[0] == 422


def test_a_manager_confirms_a_hospital_and_takes_it_back() -> None:
    fake = parts()
    for is_hospital, domains in ((True, {"clinic.example"}), (False, set())):
        body = {"domain": " Clinic.Example ", "is_hospital": is_hospital}
        status, said = ask(fake, "PUT", "/mail-domains", body)
        assert (status, said) == (200, {"domain": "clinic.example", "is_hospital": is_hospital})
        assert fake.hospital_domains.domains == domains  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("clinic", "domain"),
        ("a@clinic.example", "domain"),
        ("", "domain"),
        ("gmail.com", "public"),
        ("me.com", "public"),
    ],
)
def test_an_invalid_or_public_domain_is_refused(domain: str, code: str) -> None:
    status, problem = ask(parts(), "PUT", "/mail-domains", {"domain": domain, "is_hospital": True})
    assert (status, problem["errors"][0]["code"]) == (422, code)


def test_only_managers_confirm_hospitals() -> None:
    body = {"domain": "clinic.example", "is_hospital": True}
    assert [ask(parts(), "PUT", "/mail-domains", body, groups=one)[0] for one in (MANAGER, VIEWER)] == [200, 403]
