"""What the policy scan accepts, and that it fails both ways."""

import tomllib

from tools.policy import scan

ACCEPTED = {"CKV_1": {"resources": ["AWS::SQS::Queue.*"], "reason": "Because."}}


def finding(check: str, resource: str) -> dict[str, str]:
    return {"check_id": check, "resource": resource, "check_name": "Ensure something"}


def test_a_finding_that_nobody_accepted_is_told() -> None:
    failed = [finding("CKV_1", "AWS::SQS::Queue.Jobs"), finding("CKV_2", "AWS::SQS::Queue.Jobs")]
    assert list(scan.complaints(failed, ACCEPTED)) == ["CKV_2 AWS::SQS::Queue.Jobs: Ensure something"]


def test_what_is_accepted_of_one_kind_is_not_of_another() -> None:
    failed = [finding("CKV_1", "AWS::SQS::Queue.Jobs"), finding("CKV_1", "AWS::S3::Bucket.Files")]
    assert list(scan.complaints(failed, ACCEPTED)) == ["CKV_1 AWS::S3::Bucket.Files: Ensure something"]


def test_what_is_accepted_and_no_longer_found_is_told() -> None:
    (told,) = scan.complaints([], ACCEPTED)
    assert "no longer found" in told


def test_every_accepted_finding_has_its_reason() -> None:
    accepted = tomllib.loads(scan.ACCEPTED.read_text("utf-8"))
    assert [check for check, entry in accepted.items() if len(entry["reason"]) < 60 or not entry["resources"]] == []
