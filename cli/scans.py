"""Whole tables, read by several threads at once, with a bar that says how far it is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

from referral_intake.aws.items import Item, typed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SEGMENTS = 4


def scan(client: "DynamoDBClient", table: str, kind: str, each: Callable[[list[Item]], None], say: str) -> None:
    """Gives `each` the items whose `sk` is `kind`, or all items, page by page, never two pages at once.

    The bar is for a person at a terminal: nobody else sees it. How long it will be is an estimate, which DynamoDB makes
    every six hours.
    """
    # For this command only: the others start without it.
    from tqdm import tqdm

    about = client.describe_table(TableName=table)["Table"].get("ItemCount", 0)
    only: dict[str, Any] = {}
    if kind:
        only = {"FilterExpression": "sk = :kind", "ExpressionAttributeValues": {":kind": typed(kind)}}
    turn = Lock()
    with tqdm(total=about or None, desc=say, unit=" items", disable=None) as bar:

        def read(segment: int) -> None:
            pages = client.get_paginator("scan").paginate(
                TableName=table, Segment=segment, TotalSegments=_SEGMENTS, ConsistentRead=True, **only
            )
            for page in pages:
                with turn:
                    each(page["Items"])
                    bar.update(page["ScannedCount"])

        with ThreadPoolExecutor(_SEGMENTS) as pool:
            list(pool.map(read, range(_SEGMENTS)))
