"""From the uploaded site to the visitor: CloudFront's functions under njs, in front of a bucket."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cli.site import builder, upload
from tests.engines import njs
from tests.infra.test_site_paths import code, request, response

BUCKET = "site"


@pytest.fixture
def s3(cloud: None, tmp_path: Path) -> Any:
    if njs.find() is None and not njs.can_be_had():
        pytest.skip(njs.MISSING)
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    builder.build(Path("templates"), tmp_path)
    upload.upload(client, BUCKET, tmp_path, datetime.now(UTC), lambda _: None)
    return client


def visit(s3: Any, path: str, accepted: str = "en") -> tuple[int, str]:
    """The status and the text that CloudFront sends."""
    [sent] = njs.handled(code("SitePaths"), [request(path, accepted)])
    try:
        found = s3.get_object(Bucket=BUCKET, Key=sent["uri"].removeprefix("/"))
    except ClientError as error:
        # CloudFront runs no function for the response if the origin has an error.
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Message"]
    [answer] = njs.handled(code("SiteStatus"), [response(200, found["ResponseMetadata"]["HTTPHeaders"])])
    return answer["statusCode"], found["Body"].read().decode()


def test_a_wrong_address_gets_a_page_of_the_site_in_the_visitors_language(s3: Any) -> None:
    for path, accepted, title in (
        ("/nothing", "en", "We could not find this page"),
        ("/nothing", "es", "No encontramos esta página"),
        ("/es/nada.html", "en", "No encontramos esta página"),
        ("/fr/", "fr", "We could not find this page"),
    ):
        status, text = visit(s3, path, accepted)
        assert (status, f"<title>{title}" in text) == (404, True), path


def test_the_pages_of_the_site_have_status_200(s3: Any) -> None:
    paths = ("/", "/en/", "/es/", "/es/take-it-with-you.html", "/robots.txt", "/dashboard/", "/dashboard/work")
    assert [path for path in paths if visit(s3, path)[0] != 200] == []


def test_a_missing_asset_stays_an_error_of_the_bucket(s3: Any) -> None:
    """Only browsers request assets, and a page in place of a script would hide the error."""
    assert visit(s3, "/assets/site.0123456789ab.css")[0] == 404
