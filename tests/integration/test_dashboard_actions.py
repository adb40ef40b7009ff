"""Actions of managers through the dashboard API, on the table of the template."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws.breaker_table import breaker_key
from referral_intake.aws.item_format import timestamp
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core import decisions
from referral_intake.core.errors import Unavailable
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Referral
from referral_intake.dashboard import wiring as dashboard_wiring
from referral_intake.dashboard.action_types import ActionRequest
from referral_intake.dashboard.wiring import DashboardParts
from tests.integration import aws
from tests.integration.referral_actions import LATER, ReferralActions
from tests.support.dashboard import VIEWER, ask
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ALL = (
    "approve",
    "reject",
    "retry",
    "letter_sent",
    "called",
    "add_email",
    "called_back",
    "send_information",
    "information_sent",
)


class Api(ReferralActions):
    """Actions on referrals through the handler of the dashboard."""

    parts: DashboardParts

    def act(self, to: Referral, action: str, *, groups: str = "[manager]", **more: Any) -> tuple[int, Any]:
        fields = {"action": action, "revision": to.revision, **more}
        user = {key: str(more.pop(key)) for key in ("username", "sub") if key in more}
        fields = {name: value for name, value in fields.items() if name not in user}
        path = f"/referrals/{to.receipt}/actions"
        return ask(self.parts, "POST", path, fields, at=LATER, groups=groups, **user)

    def keys(self, referral: Referral) -> tuple[str, ...]:
        return self.parts.action_runner.doctor_keys.of(referral)[0]

    def done(self) -> list[tuple[str, str]]:
        """Recorded actions: all records except reads."""
        return [(one.username, one.what) for one in self.records() if one.what != "detail"]


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


def test_a_manager_approves_and_gets_the_result(api: Api) -> None:
    held = api.held()
    status, detail = api.act(held, "approve")
    assert status == 200
    assert (detail["receipt"], detail["revision"], detail["actions"]) == (held.receipt, held.revision + 1, [])
    assert api.now(held).stage == "queued"
    assert api.done() == [("robin", "approve")]


def test_each_action_runs_by_its_name(api: Api) -> None:
    failed, by_post = api.held(Reason.RETRIES_EXHAUSTED), api.by_post()
    answered = api.put(email="other@clinic.example", name="Other One")
    api.referrals.answer(answered.receipt, Answer.CALL, NOW)
    referral = api.put(email="third@clinic.example", name="Wants Information")
    api.referrals.answer(referral.receipt, Answer.INFORMATION, NOW)
    assert api.act(failed, "retry")[0] == 200
    assert api.act(api.held(), "reject", reason="not_a_doctor")[0] == 200
    assert api.act(by_post, "letter_sent")[0] == 200
    assert api.act(api.by_post(name="Second One", npi=None), "called")[0] == 200
    assert api.act(api.by_post(name="Third One", npi=None), "add_email", email="m@clinic.example")[0] == 200
    assert api.act(api.now(answered), "called_back")[0] == 200
    assert api.act(api.now(referral), "information_sent")[0] == 200
    wants = api.put(email="fourth@clinic.example", name="Wants Material")
    api.referrals.answer(wants.receipt, Answer.INFORMATION, NOW)
    assert api.act(api.now(wants), "send_information")[0] == 200
    assert api.now(wants).stage == "queued"
    assert sorted(what for _, what in api.done()) == sorted(set(ALL) - {"approve"})


@pytest.mark.parametrize("action", ALL)
def test_a_viewer_may_not_act(api: Api, action: str) -> None:
    for referral in (api.held(), api.by_post()):
        status, refusal = api.act(referral, action, groups=VIEWER, reason="other")
        assert (status, refusal["code"]) == (403, "forbidden")
        assert api.now(referral) == referral
    assert {record.what for record in api.records()} == {"refused/referrals/<receipt>/actions"}


def test_a_conflicting_action_names_the_first_person_and_changes_nothing(api: Api) -> None:
    held = api.held()
    assert api.act(held, "reject", reason="duplicate", username="jo", sub="2")[0] == 200
    status, refusal = api.act(held, "approve")
    assert (status, refusal["code"]) == (409, "changed")
    assert refusal["changed"] == {"by": "jo", "at": timestamp(LATER), "what": "reject"}
    assert refusal["referral"]["revision"] == held.revision + 1
    assert refusal["detail"] == "jo changed this referral first. Your action had no effect."
    assert api.done() == [("jo", "reject")]


def test_a_change_by_the_system_names_no_person(api: Api) -> None:
    held = api.held()
    api.referrals.set_milestone(held.receipt, "delivered", NOW)
    status, refusal = api.act(held, "approve")
    assert (status, refusal["code"], refusal["changed"]) == (409, "changed", None)
    assert api.now(held).stage == "held"


def test_a_double_click_is_not_an_error(api: Api) -> None:
    by_post = api.by_post()
    first, second = api.act(by_post, "letter_sent"), api.act(by_post, "letter_sent")
    assert first == second
    assert first[0] == 200
    assert api.done() == [("robin", "letter_sent")]


@pytest.mark.parametrize(
    ("action", "more", "field", "code"),
    [
        ("add_email", {}, "email", "required"),
        ("add_email", {"email": "maria at clinic"}, "email", "email_syntax"),
        ("letter_sent", {"revision": 0}, "revision", "greater_than_equal"),
        ("approve", {}, "action", "not_offered"),
        ("burn", {}, "action", "enum"),
    ],
)
def test_errors_are_reported_by_field(api: Api, action: str, more: dict[str, Any], field: str, code: str) -> None:
    by_post = api.by_post()
    status, refusal = api.act(by_post, action, **more)
    assert (status, refusal["code"]) == (422, "invalid")
    assert [(error["field"], error["code"]) for error in refusal["errors"]] == [(field, code)]
    assert refusal["errors"][0]["message"]
    assert api.now(by_post) == by_post


def test_a_rejection_needs_a_reason_and_an_unclear_message_a_confirmation(api: Api) -> None:
    unclear = api.held(Reason.SEND_UNCLEAR)
    assert [error["field"] for error in api.act(unclear, "reject")[1]["errors"]] == ["reason"]
    assert [error["field"] for error in api.act(unclear, "retry")[1]["errors"]] == ["again"]
    assert api.act(unclear, "retry", again=True)[0] == 200


def test_letters_are_recorded_together_and_what_could_not_be_done_is_listed_with_the_reason(api: Api) -> None:
    posted = api.by_post()
    unaddressed = api.by_post(name="Only Phone", npi=None, address={"state": "IL"})
    opted_out = api.by_post(name="Has Enough", npi=None)
    api.claims.suppress(api.keys(opted_out), Closing.OPTED_OUT, opted_out.receipt, NOW)
    changed = api.by_post(name="Second One", npi=None)
    assert api.act(changed, "called", username="jo", sub="2")[0] == 200
    selected = [{"receipt": one.receipt, "revision": one.revision} for one in (posted, unaddressed, opted_out, changed)]
    selected.append({"receipt": "AAAA-AAAA-AAAA-AAAA", "revision": 1})
    asked = {"action": "letter_sent", "referrals": selected}
    status, result = ask(api.parts, "POST", "/referrals/actions", asked, at=LATER)
    assert (status, result["done"]) == (200, [posted.receipt])
    reasons = {one["receipt"]: (one["code"], one["reason"]) for one in result["not_done"]}
    assert reasons == {
        unaddressed.receipt: (
            "no_postal_address",
            "The postal address is incomplete, so no letter can be posted. Call instead.",
        ),
        opted_out.receipt: (
            "changed",
            "This doctor opted out before this was recorded. The referral is closed. Do not write or call.",
        ),
        changed.receipt: ("changed", "jo changed this referral first. Your action had no effect."),
        "AAAA-AAAA-AAAA-AAAA": ("not_found", "There is no referral with this receipt."),
    }
    assert (api.now(posted).stage, api.now(unaddressed)) == ("sent", unaddressed)
    assert sorted(api.done()) == [("jo", "called"), ("robin", "letter_sent"), ("robin", "letter_sent")]
    again = ask(api.parts, "POST", "/referrals/actions", asked, at=LATER)
    assert again == (status, result), "a repeated request changes nothing"


def test_held_referrals_are_approved_or_rejected_together(api: Api) -> None:
    first, second, by_post = api.held(), api.held(), api.by_post()
    for asked, seen, done, codes in (
        ({"action": "approve"}, [first, by_post], [first], ["not_offered"]),
        ({"action": "reject"}, [second], [], ["required"]),
        ({"action": "reject", "reason": "duplicate"}, [second], [second], []),
    ):
        selected = [{"receipt": one.receipt, "revision": one.revision} for one in seen]
        status, result = ask(api.parts, "POST", "/referrals/actions", {**asked, "referrals": selected}, at=LATER)
        assert (status, result["done"]) == (200, [one.receipt for one in done])
        assert [one["code"] for one in result["not_done"]] == codes
    assert (api.now(first).stage, api.now(first).is_vetted) == ("queued", True)
    assert (api.now(second).reason, api.now(second).user_actions[-1].note) == ("rejected", "duplicate")
    assert sorted(api.done()) == [("robin", "approve"), ("robin", "reject")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "called"}, "action"),
        ({"referrals": []}, "referrals"),
        ({"referrals": [{"receipt": "AAAA-AAAA-AAAA-AAAA", "revision": 1}] * 51}, "referrals"),
        ({"referrals": [{"receipt": "AAAA-AAAA-AAAA-AAAA", "revision": 0}]}, "referrals.0.revision"),
    ],
)
def test_an_invalid_request_for_several_referrals_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    valid = {"action": "letter_sent", "referrals": [{"receipt": "AAAA-AAAA-AAAA-AAAA", "revision": 1}]}
    status, refusal = ask(api.parts, "POST", "/referrals/actions", valid | body)
    assert (status, [error["field"] for error in refusal["errors"]]) == (422, [field])


class UnavailableRunner:
    def run(self, request: ActionRequest, now: datetime) -> Referral | None:
        raise Unavailable("table")


def test_what_could_not_be_saved_is_listed_and_can_be_tried_again(api: Api) -> None:
    runner: Any = UnavailableRunner()
    api.parts.action_runner = runner
    asked = {"action": "letter_sent", "referrals": [{"receipt": "AAAA-AAAA-AAAA-AAAA", "revision": 1}]}
    status, result = ask(api.parts, "POST", "/referrals/actions", asked)
    assert (status, result["done"], result["not_done"][0]["code"]) == (200, [], "unavailable")


def test_a_viewer_may_not_act_on_several_referrals(api: Api) -> None:
    by_post = api.by_post()
    asked = {"action": "letter_sent", "referrals": [{"receipt": by_post.receipt, "revision": by_post.revision}]}
    assert ask(api.parts, "POST", "/referrals/actions", asked, groups=VIEWER)[0] == 403
    assert api.now(by_post) == by_post


def test_one_letter_without_a_whole_postal_address_is_refused(api: Api) -> None:
    unaddressed = api.by_post(address={"state": "IL"})
    status, refusal = api.act(unaddressed, "letter_sent")
    assert (status, refusal["errors"][0]["code"]) == (422, "no_postal_address")
    assert api.act(unaddressed, "called")[0] == 200


def test_an_opt_out_just_before_a_letter_is_recorded_is_reported(api: Api) -> None:
    by_post = api.by_post()
    api.claims.suppress(api.keys(by_post), Closing.OPTED_OUT, "AAAA-AAAA-AAAA-AAAA", NOW)
    for _ in range(2):
        status, refusal = api.act(by_post, "letter_sent")
        assert (status, refusal["code"], refusal["changed"]) == (409, "changed", None)
        assert refusal["detail"].startswith("This doctor opted out")
    assert (api.now(by_post).reason, api.now(by_post).contact_channel) == ("opted_out", None)


def test_a_possible_opt_out_just_before_a_letter_is_recorded_asks_for_a_review(api: Api) -> None:
    by_post, similar = api.by_post(), api.by_post(npi=None, email="maria@clinic.example")
    api.claims.suppress(api.keys(similar), Closing.OPTED_OUT, similar.receipt, NOW)
    status, refusal = api.act(by_post, "letter_sent")
    assert (status, refusal["referral"]["stage"]) == (409, "held")
    assert "needs a review" in refusal["detail"]
    assert "closed" not in refusal["detail"]


@pytest.mark.parametrize("receipt", ["AAAA-AAAA-AAAA-AAAA", "nonsense"])
def test_an_unknown_receipt_is_not_found(api: Api, receipt: str) -> None:
    status, refusal = ask(api.parts, "POST", f"/referrals/{receipt}/actions", {"action": "approve", "revision": 1})
    assert (status, refusal["code"]) == (404, "not_found")


def test_a_campaign_is_resumed_once_with_a_record(api: Api) -> None:
    pause = Update(breaker_key("lumen")).set("paused_at", timestamp(NOW)).set("paused_for", "bounces")
    assert Table(api.client, api.table).update(pause)
    assert ask(api.parts, "POST", "/campaigns/lumen/resume", groups=VIEWER)[0] == 403
    assert ask(api.parts, "POST", "/campaigns/lumen/resume", at=LATER) == (200, {"campaign": "lumen"})
    status, refusal = ask(api.parts, "POST", "/campaigns/lumen/resume", at=LATER)
    assert (status, refusal["code"]) == (409, "not_paused")
    assert api.done() == [("robin", "resume/lumen")]
    assert ask(api.parts, "POST", "/campaigns/moon/resume")[0] == 422


def test_a_referral_held_again_needs_a_new_decision(api: Api) -> None:
    held = api.held()
    assert api.act(held, "approve")[0] == 200
    api.referrals.move(api.now(held), decisions.hold(Reason.RETRIES_EXHAUSTED, LATER + timedelta(hours=1)))
    assert api.act(api.now(held), "retry")[0] == 200
    assert [act.what for act in api.now(held).user_actions] == ["approve", "retry"]
