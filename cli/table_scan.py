"""Scan a whole table in parallel, and show a progress bar."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

from cli import output
from referral_intake.aws.item_format import Item, typed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SEGMENTS = 4


def scan(client: "DynamoDBClient", table: str, kind: str, each: Callable[[list[Item]], None], title: str) -> None:
    """Call `each` with every page of items whose `sk` is `kind`, or of all items if `kind` is empty.

    A lock ensures that calls of `each` never overlap. The total of the progress bar is an estimate: DynamoDB updates
    ItemCount about every six hours.
    """
    about = client.describe_table(TableName=table)["Table"].get("ItemCount", 0)
    only: dict[str, Any] = {}
    if kind:
        only = {"FilterExpression": "sk = :kind", "ExpressionAttributeValues": {":kind": typed(kind)}}
    turn = Lock()
    with output.progress(title, about or None) as advance:

        def read(segment: int) -> None:
            pages = client.get_paginator("scan").paginate(
                TableName=table, Segment=segment, TotalSegments=_SEGMENTS, ConsistentRead=True, **only
            )
            for page in pages:
                with turn:
                    each(page["Items"])
                    advance(page["ScannedCount"])

        with ThreadPoolExecutor(_SEGMENTS) as pool:
            list(pool.map(read, range(_SEGMENTS)))
