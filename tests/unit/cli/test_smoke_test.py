"""The smoke test reports which part of the site does not answer, and why a test referral was not delivered."""

from dataclasses import replace
from typing import Any

import pytest

from cli.checks import site_client, smoke_test
from cli.checks.result import Level
from cli.checks.site_client import Answer
from referral_intake.core.referral import Referral, Stage
from referral_intake.core.smoke_test import campaign_of
from tests.support import samples

SITE = "https://spine.example"
ANSWERS = {
    "/": '<html lang="en"><link href="/assets/site-1.css">',
    "/en/": '<html lang="en">',
    "/es/": '<html lang="es">',
    "/assets/site-1.css": "body {}",
    "/dashboard/": '<html lang="en">',
    "/dashboard/config.json": '{"client_id": "1"}',
    f"/api/challenge?for={'0' * 64}": '{"challenge": {}}',
}


def check(**changed: Answer) -> Any:
    answers = {path: Answer(200, body) for path, body in ANSWERS.items()} | changed
    return smoke_test.site(SITE, ("en", "es"), lambda url: answers.get(url.removeprefix(SITE), Answer(404, "")))


def test_a_complete_site_passes() -> None:
    assert check().level is Level.OK


# Only an asset may have any content.
WRONG = [
    (path, answer)
    for path in ANSWERS
    for answer in (Answer(503, ANSWERS["/"]), Answer(200, ""), Answer(403, ""))
    if answer.status != 200 or not path.startswith("/assets/")
]


@pytest.mark.parametrize(("path", "answer"), WRONG)
def test_each_part_of_the_site_must_answer_with_its_content(path: str, answer: Answer) -> None:
    found = check(**{path: answer})
    assert found.level is Level.FAILURE
    assert path in found.text or path == "/"


def test_a_page_in_the_wrong_language_fails() -> None:
    assert "/es/ has other content" in check(**{"/es/": Answer(200, '<html lang="en">')}).text


def follow(monkeypatch: pytest.MonkeyPatch, *states: Referral | None) -> Any:
    """The result for a referral with these states, one after the other. The last one remains."""
    left = list(states)

    class Table:
        def __init__(self, *_: Any) -> None: ...

        def get(self, *_: Any, **__: Any) -> Referral | None:
            return left.pop(0) if len(left) > 1 else left[0]

    deleted: list[str] = []
    monkeypatch.setattr(smoke_test, "ReferralTable", Table)
    monkeypatch.setattr(smoke_test, "_submit", lambda *_: "")
    monkeypatch.setattr(smoke_test, "_delete", lambda _, receipt: deleted.append(receipt))
    monkeypatch.setattr(smoke_test, "_SECONDS", 0.01)
    stack: Any = type("Stack", (), {"dynamodb": None, "output": lambda *_: ""})()
    found = smoke_test.referral(stack, samples.campaign(), sleep=lambda _: None)
    assert len(deleted) == 1
    return found


ONE = replace(samples.referral(), campaign=campaign_of(samples.CAMPAIGN))


def test_a_delivered_test_referral_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = replace(ONE, stage=Stage.SENT)
    delivered = replace(sent, milestones={**sent.milestones, "delivered": samples.NOW})
    assert follow(monkeypatch, ONE, sent, delivered).level is Level.OK


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (replace(ONE, stage=Stage.WAITING, reason="not_approved"), "is waiting, not_approved"),
        (replace(ONE, stage=Stage.CLOSED, reason="rejected"), "is closed, rejected"),
        (ONE, "is queued"),
        (None, "is not stored"),
    ],
)
def test_a_test_referral_that_is_not_delivered_fails_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, state: Referral | None, text: str
) -> None:
    found = follow(monkeypatch, state)
    assert found.level is Level.FAILURE
    assert text in found.text
    assert found.todo


def test_a_test_referral_that_is_refused_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_client, "get", lambda *_: Answer(503, ""))
    monkeypatch.setattr(smoke_test, "_delete", lambda *_: None)
    stack: Any = type("Stack", (), {"output": lambda *_: SITE})()
    assert smoke_test.referral(stack, samples.campaign()).text == "/api/challenge has status 503"
