"""Referrals in the dashboard API: masked for viewers, and each read leaves an audit record."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws.cursors import ListingPosition
from referral_intake.aws.item_format import timestamp
from referral_intake.core import decisions
from referral_intake.core.callback import Callback
from referral_intake.core.errors import Unavailable
from referral_intake.core.mail_effects import apply_event
from referral_intake.core.mail_events import EventKind, MailEvent
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Answer, Referral
from referral_intake.core.steps import INTRODUCTION, SendAttempt
from referral_intake.dashboard import wiring as dashboard_wiring
from referral_intake.dashboard.wiring import DashboardParts
from tests.integration import aws
from tests.integration.referral_actions import COOLDOWN, LATER, ReferralActions
from tests.support import samples
from tests.support.dashboard import MANAGER, VIEWER, ask
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MARKED: dict[str, Any] = {
    "name": "Xaveria Markworth",
    "practice": "Markworth Practice",
    "specialty": "Markworth neurosurgery",
    "email": "xaveria@markworth.example",
    "phone": "217 555 0123",
    "npi": "1234567893",
    "address": {"line1": "77 Markworth St", "city": "Springfield", "state": "IL", "postal_code": "62701"},
}
SECRETS = ("markworth", "xaveria", "5550123", "1234567893", "62701", "77 ")
SEARCH = "/referrals/search"


class Api(ReferralActions):
    parts: DashboardParts

    def ask(self, method: str, path: str, data: object = None, **more: Any) -> tuple[int, Any]:
        return ask(self.parts, method, path, data, at=LATER, **more)

    def audit_records(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(one.what, one.receipts) for one in self.records()]

    def sent(self) -> Referral:
        """A sent message with its archived copy."""
        referral = self.put(**MARKED)
        claim = aws.claim_for(referral)
        assert self.claims.claim(claim, aws.MESSAGE, now=NOW, cooldown=COOLDOWN) is None
        event = MailEvent(
            referral.receipt,
            INTRODUCTION,
            "ses-1",
            EventKind.DELIVERED,
            NOW + timedelta(seconds=3),
            SendAttempt(NOW, "1", "c0ffee"),
        )
        apply_event(event, claim.claimed_referral, samples.campaign(), self.referrals)
        return self.now(referral)


@pytest.fixture
def api(
    client: "DynamoDBClient",
    table: str,
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Api]:
    for name, value in aws.environment(table, secret_names, "DashboardFunction").items():
        monkeypatch.setenv(name, value)
    dashboard_wiring.parts.cache_clear()
    api = Api(client, table)
    api.parts = dashboard_wiring.parts()
    yield api
    dashboard_wiring.parts.cache_clear()


# ---- Searches --------------------------------------------------------------------------------------------------------


def test_a_manager_finds_a_doctor_and_sees_all_details(api: Api) -> None:
    api.put()
    its = api.sent()
    for by in (
        {"name": "markw"},
        {"email": " Xaveria+x@MARKWORTH.example "},
        {"npi": "1234 567 893"},
        {"receipt": its.receipt.lower()},
        {"state": "Illinois", "specialty": "neurosurgery", "stage": "sent", "from": "2026-11-01", "to": "2026-11-30"},
    ):
        status, found = api.ask("POST", SEARCH, {"campaign": "lumen"} | by)
        assert status == 200, found
        assert (len(found["referrals"]), found["cursor"], found["searched_back_to"]) == (1, None, None), by
        assert 0 < found["read_units"] < 100
    [row] = found["referrals"]
    assert (row["receipt"], row["stage"], row["state"], row["specialty"]) == (
        its.receipt,
        "sent",
        "IL",
        "neurosurgery",
    )
    assert row["doctor"]["name"] == "Xaveria Markworth"
    assert row["milestones"] == {
        "submitted": "2026-11-23T15:30:00Z",
        "sent": "2026-11-23T15:30:00Z",
        "delivered": "2026-11-23T15:30:03Z",
    }
    assert row["revision"] == its.revision


def test_a_viewer_sees_masked_doctors_everywhere(api: Api) -> None:
    its, held = api.sent(), api.put(decisions.hold(Reason.HONEYPOT, NOW), **MARKED)
    responses = [
        api.ask("POST", SEARCH, {"campaign": "lumen"}, groups=VIEWER),
        api.ask("GET", f"/referrals/{its.receipt}", groups=VIEWER),
        api.ask("GET", "/work/held", query="campaign=lumen", groups=VIEWER),
    ]
    assert [status for status, _ in responses] == [200, 200, 200]
    assert not [secret for secret in SECRETS if secret in str(responses).casefold()]
    (_, listed), (_, detail), (_, work) = responses
    assert [row["doctor"]["name"] for row in listed["referrals"]] == ["Dr X••• M•••"] * 2
    assert (detail["doctor"]["city"], detail["doctor"]["email"], detail["actions"]) == (
        "Springfield",
        "x•••@•••.example",
        [],
    )
    assert [(row["receipt"], row["actions"]) for row in work["referrals"]] == [(held.receipt, [])]


@pytest.mark.parametrize("by", [{"name": "markw"}, {"email": "x@markworth.example"}, {"npi": "1234567893"}])
def test_a_viewer_cannot_search_for_a_doctor(api: Api, by: dict[str, str]) -> None:
    status, refusal = api.ask("POST", SEARCH, {"campaign": "lumen"} | by, groups=VIEWER)
    assert (status, refusal["code"]) == (403, "forbidden")
    assert api.audit_records() == [("refused/referrals/search", ())]


@pytest.mark.parametrize(
    ("search", "field"),
    [
        ({"campaign": "nothing"}, "campaign"),
        ({"name": "m"}, "name"),
        ({"name": "77"}, "name"),
        ({"email": "somebody"}, "email"),
        ({"npi": "1234567890"}, "npi"),
        ({"state": "Bavaria"}, "state"),
        ({"specialty": "brains"}, "specialty"),
        ({"stage": "lost"}, "stage"),
        ({"receipt": "K3QF"}, "receipt"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "to"),
        ({"from": "0001-01-01"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": 20261101}, "from"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "eyJwayI6ICJhdWRpdCMyMDI2LTExLTIzIn0"}, "cursor"),
        ({"cursor": ListingPosition(timestamp(NOW), "K3QF-7ZTA-MM2X-PE5R").encoded, "to": "2026-11-01"}, "cursor"),
        ({"surname": "Lopez"}, "surname"),
    ],
)
def test_an_invalid_search_is_refused_by_field(api: Api, search: dict[str, str], field: str) -> None:
    status, refusal = api.ask("POST", SEARCH, {"campaign": "lumen"} | search)
    assert (status, [error["field"] for error in refusal["errors"]]) == (422, [field])
    assert api.audit_records() == []


def test_pages_continue_from_their_cursor(api: Api) -> None:
    for minutes in range(30):
        api.referrals.add(aws.submitted(NOW - timedelta(minutes=minutes)))
    _, first = api.ask("POST", SEARCH, {"campaign": "lumen"})
    _, second = api.ask("POST", SEARCH, {"campaign": "lumen", "cursor": first["cursor"]})
    assert first["searched_back_to"] == "2026-11-23"
    moments = [row["submitted_at"] for page in (first, second) for row in page["referrals"]]
    assert (len(moments), moments, second["cursor"]) == (30, sorted(moments, reverse=True), None)


# ---- Details of one referral -----------------------------------------------------------------------------------------


def test_the_details_list_everything_that_happened(api: Api) -> None:
    its = api.sent()
    api.referrals.answer(its.receipt, Answer.CALL, LATER)
    status, detail = api.ask("GET", f"/referrals/{its.receipt}")
    assert status == 200
    assert [one["what"] for one in detail["timeline"]] == ["submitted", "sent", "delivered", "answered", "closed"]
    assert detail["messages"] == [
        {
            "step": "introduction",
            "sent_at": "2026-11-23T15:30:00Z",
            "version": "1",
            "content_hash": "c0ffee",
            "has_copy": True,
        }
    ]
    assert (detail["answer"], detail["actions"], detail["waiting_since"]) == (
        "call",
        ["called_back", "doctor_answered", "wants_no_more"],
        "2026-11-26T15:30:00Z",
    )
    assert (detail["address"]["line1"], detail["typed"]["phone"]) == ("77 Markworth St", "217 555 0123")


def test_the_task_of_a_call_has_the_number_and_the_time_that_the_doctor_gave(api: Api) -> None:
    its = api.sent()
    api.referrals.answer(its.receipt, Answer.CALL, LATER, Callback("+12175550199", "morning"))
    for groups, number in ((MANAGER, "+12175550199"), (VIEWER, "•••99")):
        _, detail = api.ask("GET", f"/referrals/{its.receipt}", groups=groups)
        _, work = api.ask("GET", "/work/call", query="campaign=lumen", groups=groups)
        for shown in (detail, work["referrals"][0]):
            assert shown["callback"] == {"phone": number, "time": "morning"}


def test_only_managers_can_read_the_sent_message(api: Api) -> None:
    its = api.sent()
    path = f"/referrals/{its.receipt}/messages/introduction"
    status, copy = api.ask("GET", path)
    assert status == 200
    assert (copy["subject"], copy["to"], copy["from"]) == ("Subject", "maria@clinic.example", "STAR")
    assert (copy["html"], copy["text"]) == ("<p>Html", "Text")
    assert api.ask("GET", path, groups=VIEWER)[0] == 403
    refused = "refused/referrals/<receipt>/messages/<step>"
    assert sorted(api.audit_records()) == [("message", (its.receipt,)), (refused, ())]


@pytest.mark.parametrize(
    "path",
    [
        "/referrals/AAAA-AAAA-AAAA-AAAA",
        "/referrals/audit",
        "/referrals/AAAA-AAAA-AAAA-AAAA/messages/introduction",
        "/referrals/AAAA-AAAA-AAAA-AAAA/messages/referral%231",
        "/referrals/x/messages/introduction",
    ],
)
def test_an_unknown_referral_is_not_found_and_leaves_no_record(api: Api, path: str) -> None:
    assert api.ask("GET", path)[0] == 404
    assert api.audit_records() == []


def test_a_referral_without_a_message_has_an_empty_list(api: Api) -> None:
    _, detail = api.ask("GET", f"/referrals/{api.put().receipt}")
    assert detail["messages"] == []


# ---- Task list -------------------------------------------------------------------------------------------------------


def test_the_task_list_has_counts_and_available_actions(api: Api) -> None:
    held, by_post = api.held(), api.by_post()
    status, work = api.ask("GET", "/work", query="campaign=lumen", groups=VIEWER)
    none = {"count": 0, "is_more": False}
    assert (status, work["paused"]) == (200, None)
    assert work["kinds"] == {
        "held": {"count": 1, "is_more": False},
        "failed": none,
        "by_post": {"count": 1, "is_more": False},
        "call": none,
        "information": none,
    }
    rows = [api.ask("GET", f"/work/{kind}", query="campaign=lumen")[1]["referrals"] for kind in ("held", "by_post")]
    assert [(row["receipt"], row["actions"], row["waiting_since"]) for [row] in rows] == [
        (held.receipt, ["approve", "reject"], "2026-11-23T15:30:00Z"),
        (by_post.receipt, ["letter_sent", "called", "add_email"], "2026-11-23T15:30:00Z"),
    ]


@pytest.mark.parametrize("query", ["campaign=lumen&cursor=x", "campaign=nothing", ""])
def test_an_invalid_task_list_is_refused(api: Api, query: str) -> None:
    assert api.ask("GET", "/work/held", query=query)[0] == 422


# ---- Audit of reads --------------------------------------------------------------------------------------------------


def test_every_read_leaves_a_record_of_the_shown_referrals(api: Api) -> None:
    its = api.sent()
    held = api.held()
    api.ask("POST", SEARCH, {"campaign": "lumen", "name": "markworth"})
    api.ask("GET", f"/referrals/{its.receipt}")
    api.ask("GET", f"/referrals/{its.receipt}/messages/introduction")
    api.ask("GET", "/work/held", query="campaign=lumen")
    assert sorted(api.audit_records()) == [
        ("detail", (its.receipt,)),
        ("message", (its.receipt,)),
        ("search", (its.receipt,)),
        ("work/held", (held.receipt,)),
    ]
    assert "markw" not in str(api.records()).casefold()


@pytest.mark.parametrize("groups", [VIEWER, MANAGER])
def test_unchanged_data_are_not_sent_again_and_leave_no_record(api: Api, groups: str) -> None:
    its, held = api.sent(), api.put(decisions.hold(Reason.HONEYPOT, NOW), **MARKED)
    reads: list[tuple[str, str, Any, str]] = [
        ("POST", SEARCH, {"campaign": "lumen"}, ""),
        ("GET", f"/referrals/{its.receipt}", None, ""),
        ("GET", "/work/held", None, "campaign=lumen"),
    ]
    marks = [api.ask(*read[:3], query=read[3], groups=groups)[1]["mark"] for read in reads]
    recorded = api.audit_records()

    def asked_again(index: int) -> tuple[int, Any]:
        method, path, data, query = reads[index]
        if data:
            return api.ask(method, path, data | {"known": marks[index]}, groups=groups)
        return api.ask(method, path, query="&".join(filter(None, [query, f"known={marks[index]}"])), groups=groups)

    assert [asked_again(index) for index in range(3)] == [(204, None)] * 3
    assert api.audit_records() == recorded
    # Changed data are sent, and leave a record.
    api.referrals.move(held, decisions.approve(NOW))
    event = MailEvent(its.receipt, INTRODUCTION, "ses-1", EventKind.OPENED, LATER, SendAttempt(NOW, "1", "c0ffee"))
    apply_event(event, its, samples.campaign(), api.referrals)
    answers = [asked_again(index) for index in range(3)]
    assert [status for status, _ in answers] == [200] * 3
    assert not set(marks) & {answer["mark"] for _, answer in answers}
    assert sorted(what for what, _ in api.audit_records()) == sorted(["search", "detail", "work/held"] * 2)


def test_the_etag_of_the_masked_version_does_not_match_the_full_one(api: Api) -> None:
    its = api.sent()
    masked = api.ask("GET", f"/referrals/{its.receipt}", groups=VIEWER)[1]["mark"]
    status, shown = api.ask("GET", f"/referrals/{its.receipt}", query=f"known={masked}")
    assert (status, shown["doctor"]["name"]) == (200, "Xaveria Markworth")


def test_no_data_are_sent_if_the_read_cannot_be_recorded(api: Api) -> None:
    class NoRecords:
        def record(self, *_: object) -> None:
            raise Unavailable("no table")

    its = api.sent()
    api.parts.__dict__["audit"] = NoRecords()
    for method, path, data in (
        ("POST", SEARCH, {"campaign": "lumen"}),
        ("GET", f"/referrals/{its.receipt}", None),
        ("GET", f"/referrals/{its.receipt}/messages/introduction", None),
    ):
        status, refusal = api.ask(method, path, data, groups=MANAGER)
        assert status == 503
        assert its.receipt not in str(refusal)


def test_a_referral_of_another_campaign_is_not_listed(api: Api) -> None:
    api.referrals.add(replace(aws.submitted(), campaign="another"))
    assert api.ask("POST", SEARCH, {"campaign": "lumen"})[1]["referrals"] == []
