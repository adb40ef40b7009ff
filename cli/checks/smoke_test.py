"""The smoke test: open the site as a visitor does, and follow a test referral until its message is delivered.

The message goes to SES's mailbox simulator, so no person gets it. The referral is signed as a test with the stack's
keys: see core/smoke_test.py.
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import altcha

from cli.checks import site_client
from cli.checks.result import Result, failure, ok
from cli.checks.site_client import Answer
from cli.site.builder import DASHBOARD_SETTINGS
from cli.stacks import Stack
from referral_intake.aws import smoke_test_marks
from referral_intake.aws.item_format import referral_key
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.secrets import Secrets
from referral_intake.aws.table import Table
from referral_intake.core.campaign import Campaign
from referral_intake.core.milestones import Milestone
from referral_intake.core.referral import Referral, Stage, receipt_for
from referral_intake.core.submission import SMOKE_TEST
from referral_intake.intake.bot_detection import PROOF, binding_of

# https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
_MAILBOX = "success@simulator.amazonses.com"
_SECONDS = 120
_IN_PROGRESS = {Stage.QUEUED, Stage.SENDING, Stage.SENT}
_ASSET = re.compile(r'(?:href|src)="(/assets/[^"]+)"')

Get = Callable[[str], Answer]


def site(url: str, locales: Sequence[str], get: Get = site_client.get) -> Result:
    """Check that the pages, an asset, the dashboard and the API answer at this address."""
    if wrong := list(_wrong_answers(url, locales, get)):
        todo = "Open the address in a browser. CloudFront needs a minute or two after a deployment."
        return failure(f"{url}: {'; '.join(wrong)}", todo)
    return ok(f"{url}: pages in {', '.join(locales)}, an asset, the dashboard and the API answer")


def _wrong_answers(url: str, locales: Sequence[str], get: Get) -> Iterator[str]:
    home = get(f"{url}/")
    asset = _ASSET.search(home.body)
    expected = {"/": "<html", **{f"/{locale}/": f'<html lang="{locale}"' for locale in locales}}
    expected |= {asset[1] if asset else "/assets/": "", "/dashboard/": "<html"}
    expected |= {f"/{DASHBOARD_SETTINGS}": "client_id", f"/api/challenge?for={'0' * 64}": "challenge"}
    for path, text in expected.items():
        status, body = home if path == "/" else get(f"{url}{path}")
        if status != 200:
            yield f"{path} has status {status}"
        elif text not in body:
            yield f"{path} has other content than expected"


def referral(stack: Stack, campaign: Campaign, sleep: Callable[[float], None] = time.sleep) -> Result:
    """Submit a test referral, wait until its message is delivered, and delete it."""
    submission_id = uuid.uuid4()
    receipt = receipt_for(submission_id)
    todo = f"Look for {receipt} in the log of the functions."
    try:
        if problem := _submit(stack, submission_id, campaign, sleep):
            return failure(problem, todo)
        found, seconds = _follow(stack, receipt, sleep)
    finally:
        _delete(stack, receipt)
    if found and Milestone.DELIVERED in found.milestones:
        return ok(f"a message to {_MAILBOX} was delivered after {seconds} s")
    state = f"{found.stage}, {found.reason}" if found and found.reason else found.stage if found else "not stored"
    return failure(f"The test referral is {state} after {seconds} s, and its message is not delivered", todo)


def _submit(stack: Stack, submission_id: uuid.UUID, campaign: Campaign, sleep: Callable[[float], None]) -> str:
    """Send the form as the page does. Return the problem, if any."""
    api = f"{stack.output('SiteUrl')}/api"
    status, body = site_client.get(f"{api}/challenge?for={binding_of(submission_id)}", "application/json")
    if status != 200:
        return f"/api/challenge has status {status}"
    given: dict[str, Any] = json.loads(body)
    challenge = altcha.Challenge.from_dict(given["challenge"])
    solution = altcha.solve_challenge(challenge)
    if solution is None:
        return "The challenge was not solved in time"
    keys = Secrets().keyring(stack.output("HashingKeysArn"))
    sleep(given["wait_seconds"])
    answer = site_client.post(
        f"{api}/referrals",
        {
            "submission_id": str(submission_id),
            "campaign": campaign.name,
            "locale": campaign.locales[0],
            "submitted_by": "patient",
            "doctor": {"name": "Smoke Test", "email": _MAILBOX},
            PROOF: altcha.Payload(challenge, solution).to_base64(),
            SMOKE_TEST: smoke_test_marks.mark_of(keys.keys[keys.current], submission_id),
        },
    )
    return "" if answer.status == 201 else f"The form has status {answer.status}: {answer.body[:200]}"


def _follow(stack: Stack, receipt: str, sleep: Callable[[float], None]) -> tuple[Referral | None, int]:
    """Return the referral when it was delivered or waits for something else, and how long that took."""
    table = ReferralTable(stack.dynamodb, stack.output("TableName"))
    began = time.monotonic()
    while True:
        found = table.get(receipt, consistent=True)
        seconds = round(time.monotonic() - began)
        is_done = found is None or Milestone.DELIVERED in found.milestones or found.stage not in _IN_PROGRESS
        if is_done or seconds >= _SECONDS:
            return found, seconds
        sleep(1)


def _delete(stack: Stack, receipt: str) -> None:
    """Delete the referral and its message."""
    table = Table(stack.dynamodb, stack.output("TableName"))
    own = {":pk": referral_key(receipt)["pk"]}
    for item in table.query_all(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=own):
        table.delete({"pk": item["pk"], "sk": item["sk"]})
