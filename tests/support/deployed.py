"""Outputs of a deployed stack, for tests of commands that read them."""

from typing import Any

import boto3


def site_outputs(bucket: str) -> dict[str, str]:
    """Return the outputs of a stack with this bucket for its site and a new distribution."""
    return {
        "SiteBucketName": bucket,
        "DistributionId": _distribution(f"{bucket}.s3.amazonaws.com"),
        "SignInIssuer": "https://cognito.example/pool",
        "SignInClient": "client",
        "SignInUrl": "https://team.example",
        "SiteUrl": "https://spine.example",
        "SiteAddress": "https://d1.cloudfront.net",
        "WatchAddress": "https://console.example",
    }


def _distribution(domain: str) -> str:
    cloudfront: Any = boto3.client("cloudfront")
    origin = {"Id": "site", "DomainName": domain, "S3OriginConfig": {"OriginAccessIdentity": ""}}
    config = {
        "CallerReference": "1",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {"TargetOriginId": "site", "ViewerProtocolPolicy": "redirect-to-https"},
    }
    identifier: str = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
    return identifier
