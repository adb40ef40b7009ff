"""Provide a first event for each function. Each event causes calls of AWS, which `aws_stub` simulates."""

import json
import uuid
from dataclasses import replace
from typing import Any

from bench.aws_stub import KEYS
from referral_intake.aws.item_format import to_item
from referral_intake.aws.keys import Keyring
from referral_intake.aws.signed_links import Link, Links
from referral_intake.core.referral import Stage
from tests.integration import aws
from tests.support import dashboard, events, samples


def by_function(site_url: str) -> dict[str, dict[str, Any]]:
    """Return the events by the short name of the function. Requests have the headers that CloudFront adds."""
    return {name: _as_sent(event) for name, event in _events(site_url).items()}


def _as_sent(event: dict[str, Any]) -> dict[str, Any]:
    return aws.through_cloudfront(event, json.dumps(KEYS)) if "routeKey" in event else event


def _events(site_url: str) -> dict[str, dict[str, Any]]:
    return {
        "bare": {},
        "intake": events.post_json(samples.payload()),
        "lookup": events.request("GET /api/doctors", query="name=Lopez&state=NY"),
        "outreach": _queued(),
        "stats": _queued(),
        "wake": {},
        "feedback": {"Records": [_message(json.dumps(events.sample("ses_event")))]},
        "links": _opt_out(site_url),
        "dashboard": dashboard.request("GET", "/work", query="campaign=lumen"),
        "reports": {"task": "lost_reports"},
    }


def _queued() -> dict[str, Any]:
    item = to_item(replace(samples.referral(), stage=Stage.QUEUED))
    change = {"Keys": {"pk": item["pk"], "sk": item["sk"]}, "NewImage": item, "SequenceNumber": "1"}
    return {"Records": [{"eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}]}


def _message(body: str) -> dict[str, Any]:
    return {"messageId": str(uuid.uuid4()), "receiptHandle": "1", "body": body, "eventSource": "aws:sqs"}


def _opt_out(site_url: str) -> dict[str, Any]:
    link = Link(("email#a",), "lumen", "AAAA-AAAA-AAAA-AAAA")
    query = Links(lambda: Keyring.from_secret(KEYS), site_url).opt_out(link).partition("?")[2]
    return events.request("POST /api/opt-out", "List-Unsubscribe=One-Click", query=query)
