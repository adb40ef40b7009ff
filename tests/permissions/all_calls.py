"""Makes every function send each AWS request that it can send, through botocore.

`tests/integration/handler_harness.py` covers the common path of a referral. This adds the rare actions. Only the
responses of SES and EventBridge are simulated.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.models import botocore_stubber

from referral_intake.aws import origin_secret, ses, shared_wiring
from referral_intake.aws.item_format import timestamp, typed
from referral_intake.aws.report_table import report_key
from referral_intake.aws.secrets import Secrets
from referral_intake.feedback import announcements
from referral_intake.reports import export_rows
from referral_intake.reports import handler as reports
from referral_intake.reports import wiring as reports_wiring
from tests.faults.call_interceptor import response
from tests.integration import aws
from tests.integration.conftest import separate_account
from tests.integration.handler_harness import DOCTOR, HandlerHarness
from tests.support import dashboard
from tests.support.processes import new_process

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAIL, BUS = {"client": ses.client, "quick_client": ses.quick_client}, announcements.client
DOCTOR_BY_POST = {"address": DOCTOR["address"]}
HOUR = timedelta(hours=1)
MONDAY_MORNING = datetime.fromisoformat("2026-11-30T15:00:00+00:00")


class AllCalls(HandlerHarness):
    def __init__(self, client: "DynamoDBClient", secrets: dict[str, str], patch: pytest.MonkeyPatch) -> None:
        super().__init__(client, secrets, patch)
        for name, make in MAIL.items():
            patch.setattr(ses, name, partial(self._with_fake_responses, make))
        patch.setattr(announcements, "client", BUS)
        # Each function runs in its own process, so it must read keys that another function has already read here.
        secrets_of = defaultdict[str, Secrets](Secrets)
        patch.setattr(shared_wiring, "secrets", lambda: secrets_of[self._function])
        self._shared = [origin_secret.origin_secret]
        self._doctors_without_email = [
            ("Ana Bell", "217 555 0161"),
            ("Ben Cole", "217 555 0162"),
            ("Cy Dunn", "217 555 0163"),
        ]
        self._create_users()
        self._rotate_hashing_key(secrets["HashingKeys"])
        # With one row per page, a run without time exports a single page.
        patch.setattr(export_rows, "PAGE_SIZE", 1)

    def _with_fake_responses(self, make: Callable[[], Any]) -> Any:
        client = make()
        client.meta.events.unregister("before-send", botocore_stubber)  # moto does not implement the SES quota.
        client.meta.events.register("before-send", self._answer)
        return client

    def _answer(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        if event_name.endswith(".GetAccount"):
            return response(request, 200, self.mail.get_account())
        body: Any = request.body
        return response(request, 200, self.mail.send_email(**json.loads(body)))

    def _rotate_hashing_key(self, secret: str) -> None:
        """Look-ups of doctors then use the retired key as well."""
        client = boto3.client("secretsmanager")
        keys = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
        client.put_secret_value(SecretId=secret, SecretString=json.dumps(keys | {"k2": "2" * 64, "current": "k2"}))

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        self._function = function
        for part in self._shared:
            part.cache_clear()
        return super().invoke(function, event)

    def _create_users(self) -> None:
        cognito = boto3.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="team")["UserPool"]["Id"]
        cognito.create_group(UserPoolId=pool, GroupName="manager")
        for name in ("robin", "sam", "kim"):
            address: Any = [
                {"Name": "email", "Value": f"{name}@team.example"},
                {"Name": "email_verified", "Value": "true"},
            ]
            cognito.admin_create_user(UserPoolId=pool, Username=name, UserAttributes=address)
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName="manager")
        self.remove_member = partial(cognito.admin_delete_user, UserPoolId=pool)
        self.patch.setenv("USER_POOL_ID", pool)

    def run_all(self) -> None:
        self.run_normal_events()
        self.run_manager_actions()
        self.run_flood()
        self.run_report_continuations()
        self.run_lost_reports()
        self.run_summaries()

    def call_dashboard(
        self, method: str, path: str, data: object = None, query: str = "", **headers: str
    ) -> dict[str, Any]:
        answer = self.invoke("dashboard", dashboard.request(method, path, data, query=query, **headers))
        assert answer["statusCode"] < 300, answer
        return dict(json.loads(answer["body"]))

    def run_manager_actions(self) -> None:
        days = "campaign=lumen&from=2026-11-01&to=2026-11-20"
        for path in ("/overview", "/breakdowns/state", "/deliverability"):
            self.call_dashboard("GET", path, query=days)
        self.call_dashboard("GET", "/work", query="campaign=lumen")
        self.call_dashboard("GET", f"/referrals/{self.mailed_receipt}/messages/introduction")
        self.call_dashboard("POST", "/campaigns/lumen/resume", {})
        for action in ("letter_sent", "called"):
            receipt = self.submit_without_email()
            detail = self.call_dashboard("GET", f"/referrals/{receipt}")
            self.call_dashboard(
                "POST", f"/referrals/{receipt}/actions", {"action": action, "revision": detail["revision"]}
            )

    def run_flood(self) -> None:
        """A suspected bot's submission on a day on which the list of tasks has no more rows for them."""
        key = {"pk": {"S": "rows#lumen#unproven"}, "sk": {"S": datetime.now(UTC).date().isoformat()}}
        self.client.put_item(TableName=self.table, Item={**key, "rows": typed({str(one) for one in range(5000)})})
        receipt = self.submit(with_proof=False)
        self.call_dashboard("GET", f"/groups/{self.item(receipt)['group']['S']}", query="campaign=lumen")
        for is_hospital in (True, False):
            self.call_dashboard("PUT", "/mail-domains", {"domain": "hospital.example", "is_hospital": is_hospital})

    def submit_without_email(self) -> str:
        """A new doctor without an email address."""
        name, phone = self._doctors_without_email.pop()
        receipt = self.submit(doctor=DOCTOR_BY_POST | {"name": name, "phone": phone})
        self.deliver_records(receipt)
        return receipt

    def run_report_continuations(self) -> None:
        self.submit_without_email()
        body = {"campaign": "lumen", "filter": {}}
        csv = self.call_dashboard("POST", "/reports", body | {"kind": "referrals", "format": "csv"})["id"]
        self.run_one_step(csv)
        self.run_one_step(csv)
        for kind, form in (("letters", "pdf"), ("referrals", "xlsx")):
            self.call_dashboard("POST", "/reports", body | {"kind": kind, "format": form})
        self.run_report_jobs()
        for report in self.call_dashboard("GET", "/reports", query="campaign=lumen")["reports"]:
            assert report["state"] == "ready", report
            self.call_dashboard("POST", f"/reports/{report['id']}/download", {"file": 0})

    def run_one_step(self, report: str) -> None:
        """A run with time for a single step."""
        record = {"messageId": "1", "eventSource": "aws:sqs", "body": report}
        context: Any = aws.LambdaContext(function_name="reports", remaining_millis=1)
        reports.handler({"Records": [record]}, context)

    def run_lost_reports(self) -> None:
        for find in (lambda _: self.invoke("reports", {"task": "lost_reports"}), self._read_status):
            body = {"kind": "referrals", "format": "csv", "campaign": "lumen", "filter": {}}
            report = self.call_dashboard("POST", "/reports", body)["id"]
            self.client.update_item(
                TableName=self.table,
                Key=report_key(report),
                UpdateExpression="SET put_at = :long_ago",
                ExpressionAttributeValues={":long_ago": typed(timestamp(datetime.now().astimezone() - HOUR))},
            )
            find(report)

    def _read_status(self, report: str) -> None:
        self.call_dashboard("GET", f"/reports/{report}")

    def run_summaries(self) -> None:
        """Covers a summary that is sent, one for a former member, one that is deferred, and one that was canceled."""
        wants = {"campaign": "lumen", "wanted": True}
        for name in ("robin", "sam", "kim"):
            self.call_dashboard("PUT", "/weekly-summary", wants, username=name, sub=name)
        self.call_dashboard("PUT", "/weekly-summary", wants | {"wanted": False}, username="robin", sub="robin")
        self.remove_member(Username="sam")

        class Monday(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return MONDAY_MORNING.astimezone(tz)

        self.patch.setattr(shared_wiring, "datetime", Monday)
        reports_wiring.parts.cache_clear()
        for behavior in ("defer", "take"):
            self.mail.behavior = behavior
            self.invoke("reports", {"task": "weekly_summary"})


@contextmanager
def all_calls_made() -> Iterator[None]:
    """Runs all functions in a separate AWS account."""
    with pytest.MonkeyPatch.context() as patch, separate_account(patch) as client:
        try:
            AllCalls(client, aws.make_secrets(), patch).run_all()
            yield
        finally:
            # Later clients in this process must not reach the simulated responses.
            new_process()
