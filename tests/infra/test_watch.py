"""What developers watch: alarms over all that can fail, and metrics that are shown as they are emitted."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from samlocal.template.model import StreamSource
from tests.infra.test_template import DATA, RESOURCES, TEMPLATE, of_type
from tests.integration import aws
from tests.integration.conftest import own_aws
from tests.integration.life import living
from tests.support.samples import ROOT
from tests.support.watched import Metric, watching

ALARMS: Final = {name: resource["Properties"] for name, resource in of_type("AWS::CloudWatch::Alarm").items()}
OURS: Final = DATA["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
STACK: Final = {"Ref": "AWS::StackName"}
every_alarm = pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS)


def measured(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics that an alarm looks at."""
    queries = alarm.get("Metrics", [])
    return [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query] or [alarm]


def dimensions(metric: dict[str, Any]) -> dict[str, Any]:
    return {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}


def watches(namespace: str, name: str, **of: Any) -> bool:
    return any(
        (metric["Namespace"], metric["MetricName"], dimensions(metric)) == (namespace, name, of)
        for alarm in ALARMS.values()
        for metric in measured(alarm)
    )


# ---- Alarms ----------------------------------------------------------------------------------------------------------


def failure_queues() -> set[str]:
    dead_letters = {queue.dead_letters for queue in TEMPLATE.queues.values() if queue.dead_letters}
    streams = [source for source in TEMPLATE.sources if isinstance(source, StreamSource)]
    return dead_letters | {source.on_failure for source in streams if source.on_failure}


def test_every_queue_of_what_was_given_up_on_has_an_alarm() -> None:
    queues = failure_queues()
    assert {"OutreachFailures", "FeedbackFailures", "StatsFailures"} <= queues
    name = "ApproximateNumberOfMessagesVisible"
    assert [q for q in queues if not watches("AWS/SQS", name, QueueName={"Fn::GetAtt": f"{q}.QueueName"})] == []


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_has_an_alarm_for_its_errors_and_throttles(metric: str) -> None:
    names = [f.logical_id for f in TEMPLATE.functions.values()]
    assert [name for name in names if not watches("AWS/Lambda", metric, FunctionName={"Ref": name})] == []


def test_every_reader_of_the_stream_has_an_alarm_for_being_late() -> None:
    readers = [source.function for source in TEMPLATE.sources if isinstance(source, StreamSource)]
    assert len(readers) == 2
    assert [name for name in readers if not watches("AWS/Lambda", "IteratorAge", FunctionName={"Ref": name})] == []


def test_every_table_has_an_alarm_for_throttles() -> None:
    for name in TEMPLATE.tables:
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
            assert watches("AWS/DynamoDB", metric, TableName={"Ref": name})


@every_alarm
def test_an_alarm_tells_somebody_and_says_what_to_do(alarm: dict[str, Any]) -> None:
    assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]
    said, _, anchor = alarm["AlarmDescription"].partition(" docs/operate.md#")
    assert len(said) > 30
    assert re.findall(r"\.(?!\d)", said) == ["."], "one sentence"
    assert said.endswith(".")
    assert ": " in said
    assert anchor in anchors()


def anchors() -> set[str]:
    """Of the headings of docs/operate.md, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "operate.md").read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_alarm
def test_an_alarm_says_what_no_data_means_to_it(alarm: dict[str, Any]) -> None:
    assert alarm["TreatMissingData"] in {"notBreaching", "breaching", "ignore"}


@every_alarm
def test_an_alarm_returns_one_figure(alarm: dict[str, Any]) -> None:
    queries = alarm.get("Metrics", [])
    assert len([query for query in queries if query.get("ReturnData", True)]) == (1 if queries else 0)


def test_whoever_is_to_be_told_is_told_and_nobody_where_there_is_no_address() -> None:
    (mail,) = of_type("AWS::SNS::Subscription").values()
    assert mail["Condition"] == "HasAlarmsAddress"
    assert DATA["Parameters"]["AlarmsAddress"]["Default"] == ""


def test_the_topic_has_no_key_that_alarms_may_not_use() -> None:
    assert "KmsMasterKeyId" not in RESOURCES["Alarms"].get("Properties", {})


def test_metrics_of_two_stacks_in_one_account_do_not_mix() -> None:
    assert DATA["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == STACK
    assert {json.dumps(dimensions(m)) for m in our_metrics()} == {json.dumps({"service": STACK})}


# ---- What is shown is what is emitted --------------------------------------------------------------------------------


def our_metrics() -> list[dict[str, Any]]:
    return [metric for alarm in ALARMS.values() for metric in measured(alarm) if metric["Namespace"] == OURS]


def widgets() -> list[dict[str, Any]]:
    """The dashboard's, with some text for everything that CloudFormation fills in."""
    (dashboard,) = of_type("AWS::CloudWatch::Dashboard").values()
    text = re.sub(r"\$\{!([^}]+)\}", r"${\1}", dashboard["Properties"]["DashboardBody"]["Fn::Sub"])
    shown: list[dict[str, Any]] = json.loads(text)["widgets"]
    return shown


_SEARCH = re.compile(
    r"SEARCH\('\{(\w+),([\w,]+)\} MetricName=\"(\w+)\" service=\"\$\{AWS::StackName\}\"', '\w+', \d+\)"
)


def shown() -> Iterator[Metric]:
    for widget in widgets():
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                search = _SEARCH.fullmatch(metric[0]["expression"])
                assert search, metric[0]["expression"]
                namespace, names, name = search.groups()
                assert namespace == OURS
                yield name, frozenset(names.split(","))
            elif metric[0] == OURS:
                *pairs, _ = metric[2:]
                assert pairs == ["service", "${AWS::StackName}"]
                yield metric[1], frozenset(pairs[::2])


@pytest.fixture(scope="module")
def emitted() -> set[Metric]:
    """The metrics of everything that can happen to a referral."""
    with pytest.MonkeyPatch.context() as patch, own_aws(patch) as client:
        with living(client, aws.make_secrets(), patch) as life, watching() as watched:
            life.live()
        return watched.metrics


def test_a_metric_that_is_named_is_emitted_under_the_same_dimensions_and_one_that_is_emitted_is_shown(
    emitted: set[Metric],
) -> None:
    alarmed = {(metric["MetricName"], frozenset(dimensions(metric))) for metric in our_metrics()}
    assert (alarmed | set(shown())) - emitted == set()
    assert {name for name, _ in emitted} - {name for name, _ in shown()} == set()


def test_a_metric_stands_under_few_words_only(emitted: set[Metric]) -> None:
    assert {name for _, names in emitted for name in names} == {"service", "campaign", "reason"}


def test_the_dashboard_names_only_what_the_template_has() -> None:
    (dashboard,) = of_type("AWS::CloudWatch::Dashboard").values()
    named = re.findall(r"\$\{([^!}]+)\}", dashboard["Properties"]["DashboardBody"]["Fn::Sub"])
    known = {"AWS::Region", "AWS::StackName", *RESOURCES}
    assert {name.partition(".")[0] for name in named} <= known
    # Each function is in it.
    assert {f.logical_id for f in TEMPLATE.functions.values()} <= set(named)


def test_no_function_is_told_to_log_its_events() -> None:
    assert "POWERTOOLS_LOGGER_LOG_EVENT" not in json.dumps(DATA)
