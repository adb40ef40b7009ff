"""The faster methods of moto return what the installed ones return."""

import hashlib
import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.parsing import ast_nodes

from samlocal.aws import moto_speed
from samlocal.template.model import ACCOUNT, REGION
from tests.support import moto_client

NAME = "t"
DIGESTS = {
    "moto.core.responses.method_names_from_class": "9dbac89d082b",
    "JSONSerializer._serialize_type_structure": "36873909cd0a",
    "DynamoType.to_regular_json": "a9fe48d6f3f9",
    "ConditionExpressionParser._lex_condition_expression": "a81528835921",
    "UpdateExpressionParser.make": "2c00ed96d6e1",
    "DepthFirstTraverser.traverse": "c78f8583f196",
    "ActionCountValidator.verify_action_counts": "8cd8c9a3ae3a",
    "OverlappingPathsValidator.check_for_overlapping_paths": "2488117d3c3a",
    "DepthFirstTraverser.traverse_node_recursively": "d7f01d9b45cf",
}
KEY = {"pk": {"S": "1"}}
DepthFirstTraverser: Any = vars(ast_nodes)["DepthFirstTraverser"]
# The methods of moto, before a test changes them.
OF_MOTO = [(owner, name, inspect.getattr_static(owner, name, None)) for owner, name, _ in moto_speed.CHANGES]
VALUES: dict[str, Any] = {
    **KEY,
    "text": {"S": "é"},
    "empty": {"S": ""},
    "number": {"N": "1.50"},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "bytes": {"B": b"\x00\xff"},
    "texts": {"SS": ["b", "a"]},
    "numbers": {"NS": ["1", "2"]},
    "blobs": {"BS": [b"\x00", b"\x01"]},
    "list": {"L": [{"S": "0"}, {"N": "1"}, {"B": b"2"}, {"M": {"a": {"L": []}}}, {"SS": ["x"]}]},
    "map": {"M": {"a": {"S": "1"}, "b": {"M": {"c": {"NULL": True}, "d": {"B": b"\x07"}}}, "e": {"M": {}}}},
}


def update(expression: str, condition: str | None = None, **values: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"TableName": NAME, "Key": KEY, "UpdateExpression": expression, "ReturnValues": "ALL_NEW"}
    if names := {f"#{name}": name for name in ("map", "list", "number") if f"#{name}" in expression}:
        asked["ExpressionAttributeNames"] = names
    if values:
        asked["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
    return asked | ({"ConditionExpression": condition} if condition else {})


ONE, TEXT = {"N": "1"}, {"S": "x"}
UPDATES = {
    "several clauses": update(
        "SET #number = #number + :n, made = :t REMOVE flag ADD numbers :s", n=ONE, t=TEXT, s={"NS": ["9"]}
    ),
    "difference": update("SET #number = #number - :n", n=ONE),
    "functions": update("SET made = if_not_exists(made, :t), #list = list_append(#list, :l)", t=TEXT, l={"L": [TEXT]}),
    "nested paths": update("SET #map.b.c = :t, #map.f = #map.a, #list[1] = :t", t=TEXT),
    "removals from a list": update("REMOVE #list[0], #list[2], #map.a"),
    "delete from a set": update("DELETE texts :s", s={"SS": ["a"]}),
    "condition that holds": update(
        "SET made = :t",
        "attribute_exists(pk) AND (flag = :f OR NOT size(texts) > :n)",
        t=TEXT,
        f={"BOOL": False},
        n=ONE,
    ),
    "condition that fails": update("SET made = :t", "begins_with(texts, :t) OR flag IN (:t, :n)", t=TEXT, n=ONE),
    "missing attribute": update("SET made = missing", None),
    "missing parent": update("SET missing.child = :t", t=TEXT),
    "value that is not used": update("SET made = :t", t=TEXT, n=ONE),
    "value that is not given": update("SET made = :t"),
    "two paths that overlap": update("SET #map.b = :t, #map.b.c = :t", t=TEXT),
    "the same path twice": update("SET made = :t REMOVE made", t=TEXT),
    "the same clause twice": update("SET made = :t SET other = :t", t=TEXT),
    "a key": update("SET pk = :t", t=TEXT),
    "sum of texts": update("SET made = text + :t", t=TEXT),
    "syntax error": update("SET made == :t", t=TEXT),
    "syntax error in the condition": update("SET made = :t", "made = = :t", t=TEXT),
    "reserved word": update("SET made = :t", "name = :t", t=TEXT),
}


@contextmanager
def methods(of: Iterable[tuple[Any, str, Any]]) -> Iterator[None]:
    """moto with these methods. None is a method that is not there."""
    before = [(owner, name, vars(owner).get(name)) for owner, name, _ in of]
    for owner, name, method in of:
        _set(owner, name, method)
    yield
    for owner, name, method in before:
        _set(owner, name, method)


def _set(owner: Any, name: str, method: Any) -> None:
    if method is not None:
        setattr(owner, name, method)
    elif name in vars(owner):
        delattr(owner, name)


def answers() -> dict[str, list[Any]]:
    """What each update returns twice, and what reads of the table and its stream return after it."""
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        client = moto_client.client()
        client.create_table(
            TableName=NAME,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return {name: list(_answers(client, asked)) for name, asked in UPDATES.items()}


def _answers(client: Any, asked: dict[str, Any]) -> Iterator[Any]:
    client.put_item(TableName=NAME, Item=VALUES)
    for _ in range(2):
        try:
            yield client.update_item(**asked)["Attributes"]
        except ClientError as error:
            yield error.response["Error"]
        except ValueError as error:
            yield str(error)  # moto raises this for conditions that it can't parse.
    yield client.get_item(TableName=NAME, Key=KEY)["Item"]
    yield client.scan(TableName=NAME, FilterExpression="attribute_exists(pk)")["Items"]
    yield client.batch_get_item(RequestItems={NAME: {"Keys": [KEY]}})["Responses"]
    kept: Any = dynamodb_backends[ACCOUNT][REGION].tables[NAME]
    yield from (item.to_regular_json() for item in kept.all_items())
    yield [record.to_json()["dynamodb"].get("NewImage") for record in kept.stream_shard.items]


def test_updates_and_reads_return_what_the_installed_methods_return() -> None:
    with methods(moto_speed.CHANGES):
        found = answers()
    with methods(OF_MOTO):
        expected = answers()
    for name in UPDATES:
        assert found[name] == expected[name], name


def test_moto_has_the_methods_for_which_the_changes_were_made() -> None:
    replaced = [
        *OF_MOTO,
        (DepthFirstTraverser, "traverse_node_recursively", DepthFirstTraverser.traverse_node_recursively),
    ]
    sources = {f"{owner.__name__}.{name}": inspect.getsource(method) for owner, name, method in replaced if method}
    found = {name: hashlib.sha256(source.encode()).hexdigest()[:12] for name, source in sources.items()}
    assert found == DIGESTS, "moto changed these methods: compare them with samlocal/aws/moto_speed.py"
