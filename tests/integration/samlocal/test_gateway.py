"""The local gateway and mailbox, with a small project that tests do not change."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from samlocal.stack import Stack
from tests.integration.samlocal.sample_project import Project, post, project
from tests.support.http_client import fetch
from tests.support.waiting import eventually

MAIL_HANDLER = """\
import boto3, os

def handler(event, context):
    ses = boto3.client("sesv2")
    for record in event["Records"]:
        name = record["dynamodb"]["NewImage"]["pk"]["S"]
        ses.send_email(
            FromEmailAddress="Star <outreach@star.example>",
            Destination={"ToAddresses": [f"{name}@clinic.example"]},
            Content={"Simple": {"Subject": {"Data": name}, "Body": {"Text": {"Data": "Dear doctor"}}}},
            ConfigurationSetName=os.environ["CONFIGURATION_SET"],
        )
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Stack]]:
    """Shared by tests that change nothing."""
    sample = project(tmp_path_factory.mktemp("shared"), consumer=MAIL_HANDLER)
    with sample.running() as stack:
        yield sample, stack


@pytest.fixture
def url(shared: tuple[Project, Stack]) -> str:
    return shared[1].url


class TestRequests:
    def test_a_request_reaches_the_function_and_the_client_gets_its_response(self, url: str) -> None:
        answer = fetch(f"{url}/api/things/a%2Fb%20c?x=1", headers={"Cookie": "a=1"})
        assert answer.status == 404  # API Gateway decodes the path before it matches a route.

        answer = fetch(f"{url}/api/things/b%20c?x=1", headers={"Cookie": "a=1"})
        event = answer.json()["event"]
        assert (event["pathParameters"], event["queryStringParameters"]) == ({"name": "b c"}, {"x": "1"})
        assert (event["routeKey"], event["cookies"]) == ("GET /api/things/{name}", ["a=1"])
        assert answer.headers["apigw-requestid"] == event["requestContext"]["requestId"]

    @pytest.mark.parametrize("name", ["crash", "odd"])
    def test_a_failing_function_gives_a_500_and_a_readable_traceback(
        self, shared: tuple[Project, Stack], name: str
    ) -> None:
        sample, stack = shared
        answer = fetch(f"{stack.url}/api/things/{name}")

        assert (answer.status, answer.json()) == (500, {"message": "Internal Server Error"})
        output = sample.out.getvalue()
        assert ("ValueError: the handler failed" if name == "crash" else "statusCode is 'many'") in output
        assert "local/functions.py" not in output

    def test_unknown_paths_and_methods_of_the_api_are_not_found(self, url: str) -> None:
        assert fetch(f"{url}/api/other").json() == {"message": "Not Found"}
        assert fetch(f"{url}/api/things/a", "DELETE").status == 404

    def test_a_body_over_10_mb_is_too_large(self, url: str) -> None:
        assert fetch(f"{url}/api/things", "POST", b"x" * (10 * 1024 * 1024 + 1)).status == 413

    def test_the_site_is_served_like_a_static_web_site(self, url: str) -> None:
        first, css = fetch(f"{url}/"), fetch(f"{url}/assets/site.0123456789ab.css")

        assert (first.status, first.body) == (200, b"<p>Hello\n")
        assert first.headers["content-type"] == "text/html; charset=utf-8"
        assert first.headers["cache-control"] == "no-cache"
        assert "immutable" in css.headers["cache-control"]
        assert css.headers["content-type"].startswith("text/css")
        assert fetch(f"{url}/", "HEAD").body == b""
        assert fetch(f"{url}/", "POST", b"x").status == 405

    @pytest.mark.parametrize("path", ["/nothing", "/assets/", "/../infra/template.yaml", "/%2e%2e/infra/template.yaml"])
    def test_an_unknown_file_of_the_site_gets_the_404_page(self, url: str, path: str) -> None:
        answer = fetch(url + path)

        assert (answer.status, answer.body) == (404, b"<p>nothing here")


class TestMail:
    def test_a_queued_item_sends_one_readable_message(self, shared: tuple[Project, Stack]) -> None:
        stack = shared[1]
        assert post(stack.url, "ana") == 201
        (mail,) = eventually(lambda: [mail for mail in stack.mailbox.all() if mail.subject == "ana"])

        (listed,) = [one for one in fetch(f"{stack.url}/_local/mailbox.json").json() if one["id"] == mail.id]
        assert (listed["to"], listed["configuration_set"]) == (["ana@clinic.example"], "sample-Mail")
        page = fetch(f"{stack.url}/_local/mailbox/{mail.id}").body.decode()
        assert "Dear doctor" in page
        assert "ana@clinic.example" in fetch(f"{stack.url}/_local/mailbox").body.decode()

    def test_an_item_that_the_filter_does_not_match_invokes_no_function(self, shared: tuple[Project, Stack]) -> None:
        stack = shared[1]
        post(stack.url, "quiet", "waiting")
        post(stack.url, "loud")
        eventually(lambda: any(mail.subject == "loud" for mail in stack.mailbox.all()))

        assert not any(mail.subject == "quiet" for mail in stack.mailbox.all())

    def test_many_concurrent_messages_are_neither_lost_nor_duplicated(self, shared: tuple[Project, Stack]) -> None:
        stack = shared[1]
        names = [f"doctor{number}" for number in range(100)]
        with ThreadPoolExecutor(100) as crowd:
            assert set(crowd.map(lambda name: post(stack.url, name), names)) == {201}

        def arrived() -> list[str]:
            return sorted(mail.subject for mail in stack.mailbox.all() if mail.subject.startswith("doctor"))

        eventually(lambda: len(arrived()) >= len(names))
        assert arrived() == sorted(names)

    def test_the_mailbox_can_be_emptied(self, shared: tuple[Project, Stack]) -> None:
        stack = shared[1]
        assert fetch(f"{stack.url}/_local/mailbox.json", "DELETE").status == 204
        assert fetch(f"{stack.url}/_local/mailbox.json").json() == []

    @pytest.mark.parametrize("path", ["", "mailbox", "mailbox/list", "table", "failures", "logs", "assets/local.css"])
    def test_the_pages_of_the_local_stack_open(self, url: str, path: str) -> None:
        assert fetch(f"{url}/_local/{path}").status == 200

    def test_an_unknown_message_is_not_found(self, url: str) -> None:
        assert fetch(f"{url}/_local/mailbox/none").status == 404
