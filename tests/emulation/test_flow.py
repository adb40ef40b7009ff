"""A referral from the form to the dashboard, on an emulator of AWS by other authors.

Its API, streams, queues and mail invoke the built functions. differences.toml lists what the tests do instead of it.
"""

import hashlib
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.emulation.stack import SITE, EmulatedStack
from tests.integration.sign_in import VERIFIER, challenge
from tests.support import proofs, samples
from tests.support.http_client import fetch
from tests.support.mail_events import mail_event
from tests.support.waiting import eventually

FORM = "application/x-www-form-urlencoded"
PASSWORD = "Correct-Horse-9-Battery"
EMAIL = "maria@clinic.example"


def submit(stack: EmulatedStack, **doctor: Any) -> str:
    """Solves a challenge of the API, submits a referral, and returns its receipt."""
    sent = samples.payload(submission_id=str(uuid.uuid4()), doctor=samples.doctor(**doctor))
    binding = hashlib.sha256(f"challenge:{sent['submission_id']}".encode()).hexdigest()
    begun = stack.api(f"/api/challenge?for={binding}", Accept="application/json")
    assert begun.status == 200, begun.body
    answer = stack.api("/api/referrals", "POST", sent | {"challenge": proofs.solve(begun.json()["challenge"])})
    assert answer.status == 201, answer.body
    return str(answer.json()["receipt"])


def report_delivery(stack: EmulatedStack, receipt: str) -> None:
    """Puts the event of SES into the queue, as the rule of EventBridge does."""
    event = mail_event("Delivery", receipt, sent_at=datetime.now(UTC))
    event["detail"]["mail"]["messageId"] = stack.mails(EMAIL)[0]["MessageId"]
    queue = stack.outputs["MailEventsUrl"]
    stack.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))


@pytest.fixture(scope="module")
def receipt(stack: EmulatedStack) -> str:
    return submit(stack, email=EMAIL)


@pytest.fixture(scope="module")
def manager(stack: EmulatedStack) -> str:
    """The header of a manager who signed in on the emulator's page."""
    directory, pool = stack.client("cognito-idp"), stack.outputs["TeamId"]
    user = {"UserPoolId": pool, "Username": "ana"}
    directory.admin_create_user(**user, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    directory.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)
    directory.admin_add_user_to_group(**user, GroupName="manager")
    client = {"client_id": stack.outputs["SignInClient"], "redirect_uri": f"{SITE}/dashboard/"}
    form = {"username": "ana", "password": PASSWORD, "scope": "openid email", "response_type": "code"}
    proof = {"code_challenge": challenge(), "code_challenge_method": "S256"}
    kind = {"content-type": FORM}
    signed_in = fetch(f"{stack.url}/login", "POST", urlencode(client | form | proof).encode(), kind)
    assert signed_in.status == 302, signed_in.body
    (code,) = parse_qs(urlsplit(signed_in.headers["location"]).query)["code"]
    exchange = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    tokens = fetch(f"{stack.url}/oauth2/token", "POST", urlencode(client | exchange).encode(), kind)
    assert tokens.status == 200, tokens.body
    return f"Bearer {tokens.json()['access_token']}"


def asked(stack: EmulatedStack, manager: str, path: str, method: str = "GET", body: object = None) -> Any:
    answer = stack.api(f"/api/dashboard{path}", method, body, Authorization=manager)
    assert answer.status in {200, 202}, answer.body
    return answer.json()


def test_a_request_without_the_origin_secret_is_refused(stack: EmulatedStack) -> None:
    assert stack.api("/api/challenge?for=x", **{"X-Origin-Secret": "wrong"}).status == 403


def test_a_referral_is_mailed_by_the_stream(stack: EmulatedStack, receipt: str) -> None:
    (mail,) = eventually(lambda: stack.mails(EMAIL))
    assert "Dear Dr. Lopez" in mail["BodyText"]
    eventually(lambda: "sent" in stack.referral(receipt).milestones)


def test_an_event_of_ses_is_recorded_by_the_queue(stack: EmulatedStack, receipt: str) -> None:
    assert "delivered" not in stack.referral(receipt).milestones, "ses_events is no longer needed in differences.toml"
    report_delivery(stack, receipt)
    eventually(lambda: "delivered" in stack.referral(receipt).milestones)


def test_the_dashboard_refuses_a_request_without_a_token(stack: EmulatedStack) -> None:
    assert stack.api("/api/dashboard/campaigns").status == 401


def test_the_dashboard_shows_the_counted_referral(stack: EmulatedStack, receipt: str, manager: str) -> None:
    today = datetime.now(UTC).date()
    overview = f"/overview?campaign=lumen&from={today - timedelta(days=1)}&to={today + timedelta(days=1)}"
    eventually(lambda: asked(stack, manager, overview)["period"]["facts"].get("delivered"))
    assert asked(stack, manager, f"/referrals/{receipt}")["doctor"]["email"] == EMAIL


def test_a_report_is_made_by_its_queue(stack: EmulatedStack, receipt: str, manager: str) -> None:
    order = {"campaign": "lumen", "kind": "referrals", "format": "csv", "filter": {}}
    report = asked(stack, manager, "/reports", "POST", order)["id"]
    eventually(lambda: asked(stack, manager, f"/reports/{report}")["state"] == "ready")
    download = asked(stack, manager, f"/reports/{report}/download", "POST", {"file": 0})["url"]
    assert receipt in fetch(download).body.decode()


def test_a_doctor_who_opts_out_is_never_mailed_again(stack: EmulatedStack, receipt: str) -> None:
    (link,) = set(re.findall(rf"{SITE}(/api/opt-out\S+)", stack.mails(EMAIL)[0]["BodyText"]))
    assert stack.api(link, "POST", b"List-Unsubscribe=One-Click", **{"content-type": FORM}).status == 200
    eventually(lambda: stack.referral(receipt).reason == "opted_out")
    again = submit(stack, email=EMAIL)
    eventually(lambda: stack.referral(again).reason == "opted_out")
    assert len(stack.mails(EMAIL)) == 1


def test_the_distribution_serves_a_page_with_the_function_for_paths(stack: EmulatedStack) -> None:
    bucket = stack.outputs["SiteBucketName"]
    page = {"Key": "es/index.html", "Body": b"<p>Hola", "ContentType": "text/html"}
    stack.client("s3").put_object(Bucket=bucket, **page)
    assert stack.site("/es/").status == 403, "secure_transport is no longer needed in differences.toml"
    allow_reads_without_https(stack, bucket)
    answer = stack.site("/es/")
    assert (answer.status, answer.body) == (200, b"<p>Hola")
    assert "strict-transport-security" in answer.headers


def allow_reads_without_https(stack: EmulatedStack, bucket: str) -> None:
    storage = stack.client("s3")
    policy = json.loads(storage.get_bucket_policy(Bucket=bucket)["Policy"])
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Effect"] != "Deny"]
    storage.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
