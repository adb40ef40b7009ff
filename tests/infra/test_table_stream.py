"""After a deleted table was restored, the parameter TableStream makes the functions read its new stream."""

from pathlib import Path
from typing import Any

import pytest

from samlocal.template import nested_stacks
from samlocal.template.intrinsics import Resolver

OLD = "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/2026-01-01T00:00:00.000"
NEW = OLD.replace("2026", "2027")
DATA: dict[str, Any] = nested_stacks.read(Path(__file__).parents[2] / "infra" / "template.yaml")
READERS = ("OutreachFunction", "StatsFunction")


@pytest.mark.parametrize(("parameter", "expected"), [("", OLD), (NEW, NEW)])
def test_both_readers_read_the_stream_and_may_read_no_other(parameter: str, expected: str) -> None:
    resolver = Resolver({"TableStream": parameter, "Table.StreamArn": OLD}, DATA["Conditions"])
    for name in READERS:
        function = DATA["Resources"][name]["Properties"]
        [source] = [one for one in function["Events"].values() if one["Type"] == "DynamoDB"]
        assert resolver.resolve(source["Properties"]["Stream"], name) == expected
        statements = [one for policy in function["Policies"] for one in policy["Statement"]]
        [denied] = [one for one in statements if one["Sid"] == "NoOtherStream"]
        assert resolver.resolve(denied["NotResource"], name) == expected


def test_no_other_function_reads_the_stream() -> None:
    readers = {name for name, one in DATA["Resources"].items() if "'StreamArn'" in str(one) or ".StreamArn" in str(one)}
    assert readers == set(READERS)
