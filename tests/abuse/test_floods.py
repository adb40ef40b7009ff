"""One client sends as many requests as it can. API Gateway and the web ACL limit it by these settings."""

import pytest

from samlocal.template.intrinsics import read_yaml
from samlocal.template.model import Route
from tests.infra.template_data import FILE, of_type, template_data
from tests.integration import aws

(API,) = of_type(template_data(), "AWS::Serverless::HttpApi").values()
REQUESTS_PER_SECOND = API["DefaultRouteSettings"]["ThrottlingRateLimit"]
LINKS = [one for one in aws.template().routes if one.function == "LinksFunction" and one.method != "HEAD"]


def test_one_address_uses_at_most_a_twentieth_of_the_requests_of_all() -> None:
    """In production, which has the web ACL: tests/integration/test_deploy.py."""
    template = read_yaml(FILE.with_name("waf.yaml"))
    (acl,) = of_type(template, "AWS::WAFv2::WebACL").values()
    (rule,) = acl["Rules"]
    limit = rule["Statement"]["RateBasedStatement"]
    assert rule["Action"] == {"Block": {"CustomResponse": {"ResponseCode": 429}}}
    assert (limit["AggregateKeyType"], limit["Limit"]) == ("IP", {"Ref": "RequestsPerFiveMinutes"})
    per_second = template["Parameters"]["RequestsPerFiveMinutes"]["Default"] / limit["EvaluationWindowSec"]
    assert per_second <= REQUESTS_PER_SECOND / 20


@pytest.mark.parametrize("route", LINKS, ids=lambda route: route.key)
def test_a_flood_of_submissions_takes_no_requests_from_the_links_of_doctors(route: Route) -> None:
    assert API["RouteSettings"][route.key]["ThrottlingRateLimit"] >= REQUESTS_PER_SECOND
