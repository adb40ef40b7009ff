"""Downloads of reports."""

from urllib.parse import parse_qs, urlsplit

import pytest

from referral_intake.aws import report_files
from referral_intake.aws.report_files import ReportFiles


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-south-1"])  # The last one is an opt-in region.
def test_a_download_uses_the_host_of_the_region(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3's global host does not serve buckets in newer regions."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    url = urlsplit(ReportFiles(report_files.client(), "files").url("report/1.csv", 300))
    assert (url.scheme, url.netloc, url.path) == ("https", f"files.s3.{region}.amazonaws.com", "/report/1.csv")
    assert f"/{region}/s3/aws4_request" in parse_qs(url.query)["X-Amz-Credential"][0]
