"""Accepted findings of the policy scan. The scan fails on new findings and on outdated exceptions."""

import tomllib

from tools.policy import scan

ACCEPTED = {"CKV_1": {"resources": ["AWS::SQS::Queue.*"], "reason": "Because."}}


def finding(check: str, resource: str) -> dict[str, str]:
    return {"check_id": check, "resource": resource, "check_name": "Ensure something"}


def test_a_finding_that_is_not_accepted_is_reported() -> None:
    failed = [finding("CKV_1", "AWS::SQS::Queue.Jobs"), finding("CKV_2", "AWS::SQS::Queue.Jobs")]
    assert list(scan.differences(failed, ACCEPTED)) == ["CKV_2 AWS::SQS::Queue.Jobs: Ensure something"]


def test_an_accepted_finding_of_one_resource_is_not_accepted_for_another() -> None:
    failed = [finding("CKV_1", "AWS::SQS::Queue.Jobs"), finding("CKV_1", "AWS::S3::Bucket.Files")]
    assert list(scan.differences(failed, ACCEPTED)) == ["CKV_1 AWS::S3::Bucket.Files: Ensure something"]


def test_an_accepted_finding_that_no_longer_occurs_is_reported() -> None:
    (difference,) = scan.differences([], ACCEPTED)
    assert "no longer found" in difference


def test_every_accepted_finding_has_a_reason() -> None:
    accepted = tomllib.loads(scan.ACCEPTED.read_text("utf-8"))
    assert [check for check, entry in accepted.items() if len(entry["reason"]) < 60 or not entry["resources"]] == []
