"""The role of each function allows exactly the AWS calls that the function makes.

Every function makes all its calls once. They are compared with the role in the template, as transformed by SAM. In
addition, every test fails in which a function makes a call that its role denies.
"""

import json
from collections.abc import Callable, Collection
from typing import Any

import pytest

from tests.permissions import session_recorder
from tests.permissions.all_calls import all_calls_made
from tests.permissions.recorder import RecordedRequest
from tests.permissions.role_comparison import RoleComparison, compare_roles
from tests.permissions.roles import Roles, roles, roles_of

NO_DIFFERENCES = RoleComparison([], [], [])


@pytest.fixture(scope="module")
def recorded() -> Collection[RecordedRequest]:
    with session_recorder.recorder().collecting() as recorded, all_calls_made():
        return frozenset(recorded)


def test_every_role_allows_exactly_the_calls_of_its_function(recorded: Collection[RecordedRequest]) -> None:
    assert {one.function for one in recorded} == set(session_recorder.deployed_roles())
    assert compare_roles(session_recorder.deployed_roles(), recorded) == NO_DIFFERENCES


# ---- Errors in a template are detected -------------------------------------------------------------------------------


Change = Callable[[list[dict[str, Any]]], object]


def of_broken_template(function: str, change: Change) -> Roles:
    """The roles of a template with changed statements of a function."""
    template = json.loads(json.dumps(session_recorder.data()))
    change(template["Resources"][function]["Properties"]["Policies"][0]["Statement"])
    return roles(template, session_recorder.PARAMETERS)


def broken(function: str, change: Change) -> Roles:
    """A faster equivalent: changes the transformed statements, which have the same text."""
    resources = json.loads(json.dumps(session_recorder.resources()))
    own = resources[f"{function}Role"]["Properties"]["Policies"][0]["PolicyDocument"]
    assert own == session_recorder.data()["Resources"][function]["Properties"]["Policies"][0]
    change(own["Statement"])
    return roles_of(resources, session_recorder.data(), session_recorder.PARAMETERS)


def named(statements: list[dict[str, Any]], sid: str) -> dict[str, Any]:
    return next(one for one in statements if one["Sid"] == sid)


@pytest.mark.long
def test_a_missing_permission_is_detected(recorded: Collection[RecordedRequest]) -> None:
    # Only a part of a transaction uses it.
    found = compare_roles(
        of_broken_template("OutreachFunction", lambda of: named(of, "ClaimAndRecord")["Action"].pop(2)), recorded
    )
    assert found.denied
    assert {one.partition(" on ")[0] for one in found.denied} == {"OutreachFunction: dynamodb:ConditionCheckItem"}
    assert (found.unused, found.too_wide) == ([], [])


def test_a_condition_that_is_too_strict_is_detected(recorded: Collection[RecordedRequest]) -> None:
    def change(statements: list[dict[str, Any]]) -> None:
        named(statements, "OrderReports")["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].pop(0)

    found = compare_roles(broken("DashboardFunction", change), recorded)
    assert found.denied
    assert all("dynamodb:LeadingKeys report#" in one for one in found.denied)


def test_an_unused_permission_is_detected(recorded: Collection[RecordedRequest]) -> None:
    found = compare_roles(
        broken("WakeFunction", lambda of: named(of, "QueueDue")["Action"].append("dynamodb:DeleteItem")), recorded
    )
    (unused,) = found.unused
    assert unused.startswith("WakeFunction: QueueDue: dynamodb:DeleteItem on ")
    assert (found.denied, found.too_wide) == ([], [])


def test_an_unused_resource_is_detected(recorded: Collection[RecordedRequest]) -> None:
    def change(statements: list[dict[str, Any]]) -> None:
        named(statements, "ReadKeys")["Resource"] = [{"Ref": "SigningKeys"}, {"Ref": "HashingKeys"}]

    found = compare_roles(broken("LinksFunction", change), recorded)
    (unused,) = found.unused
    assert unused.endswith(":secret:referral-intake-HashingKeys")
    assert (found.denied, found.too_wide) == ([], [])


@pytest.mark.parametrize(
    ("part", "wide"),
    [("Action", "dynamodb:*"), ("Resource", "*"), ("Resource", {"Fn::Sub": "${Table.Arn}*"})],
)
def test_a_permission_on_all_actions_or_resources_is_detected(
    recorded: Collection[RecordedRequest], part: str, wide: Any
) -> None:
    found = compare_roles(broken("IntakeFunction", lambda of: named(of, "StoreAndRead").update({part: wide})), recorded)
    assert found.too_wide
    assert all(one.startswith("IntakeFunction: StoreAndRead: ") for one in found.too_wide)
    assert (found.denied, found.unused) == ([], [])


def test_a_permission_to_read_the_queues_of_other_functions_is_detected(recorded: Collection[RecordedRequest]) -> None:
    found = compare_roles(broken("FeedbackFunction", lambda of: of.remove(named(of, "NoOtherQueue"))), recorded)
    assert [one.rpartition(" on ")[0].rpartition(" ")[2] for one in found.too_wide] == [
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    ]
    assert (found.denied, found.unused) == ([], [])
