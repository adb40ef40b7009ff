"""The dashboard and docs/words.md have a text for every enum value, and no others."""

import re
from collections.abc import Iterable

import pytest

from referral_intake.core.callback import CallTime
from referral_intake.core.counting import ENGAGED
from referral_intake.core.limits import GroupKind
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, LetterReason, PauseReason, Reason, ReportFailure
from referral_intake.core.referral import Answer, Stage
from referral_intake.core.tasks import TaskKind
from referral_intake.dashboard.action_types import Action, Rejection, TakeBackReason
from tests.support.samples import ROOT, TEMPLATES

WORDS = (TEMPLATES / "site" / "dashboard" / "words.js").read_text("utf-8")
DOCS = (ROOT / "docs" / "words.md").read_text("utf-8")
# Timeline entries that are neither milestones nor actions of a person.
DERIVED = {Stage.CLOSED, Stage.HELD, Stage.BY_POST, Closing.JOINED, "returned"}


def keys(name: str) -> list[str]:
    """The keys of an object in words.js, one per line."""
    body = re.search(rf"^(?:export )?const {name} = {{\n(.*?)^}};", WORDS, re.MULTILINE | re.DOTALL)
    assert body, f"words.js has no {name}"
    return re.findall(r"^  (\w+): ", body[1], re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("REASONS", {*Closing, *Reason}),
        ("PAUSE_REASONS", PauseReason),
        ("LETTER_REASONS", LetterReason),
        ("REPORT_FAILURES", ReportFailure),
        ("REJECTIONS", Rejection),
        ("TAKE_BACK_REASONS", TakeBackReason),
        ("ANSWERS", Answer),
        ("STAGES", Stage),
        ("KINDS", TaskKind),
        ("CALL_TIMES", CallTime),
        ("GROUPS", GroupKind),
    ],
)
def test_the_dashboard_has_a_text_for_each_value_and_no_others(name: str, named: Iterable[str]) -> None:
    assert sorted(keys(name)) == sorted(map(str, named))


def test_the_dashboard_has_a_text_for_every_entry_of_the_timeline() -> None:
    assert {*keys("FACTS"), *keys("EVENTS")} == {*Milestone, ENGAGED, *Action, *DERIVED}


@pytest.mark.parametrize("named", [*Stage, *Closing, *(reason for reason in Reason if reason.name[:4] != "SES_")])
def test_the_docs_explain_each_stage_and_reason(named: str) -> None:
    assert f"`{named}`" in DOCS
