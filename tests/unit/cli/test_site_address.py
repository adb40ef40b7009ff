"""The parameter SiteUrl is the address of the stack's own site."""

import pytest

from cli.errors import CommandError
from cli.site_address import site_url

DOMAIN, CLOUDFRONT = "https://spine.example", "https://d1.cloudfront.net"


@pytest.mark.parametrize(
    ("parameters", "distribution", "expected"),
    [
        ({}, None, "https://not-yet.invalid"),
        ({}, CLOUDFRONT, CLOUDFRONT),
        ({"SiteUrl": CLOUDFRONT}, CLOUDFRONT, CLOUDFRONT),
        ({"SiteDomain": "spine.example"}, None, DOMAIN),
        ({"SiteDomain": "spine.example"}, CLOUDFRONT, DOMAIN),
        ({"SiteDomain": "spine.example", "SiteUrl": DOMAIN}, None, DOMAIN),
        # Before the DNS record of the domain exists.
        ({"SiteDomain": "spine.example", "SiteUrl": CLOUDFRONT}, CLOUDFRONT, CLOUDFRONT),
    ],
)
def test_links_open_the_domain_or_the_distribution(
    parameters: dict[str, str], distribution: str | None, expected: str
) -> None:
    assert site_url(parameters, distribution) == expected


@pytest.mark.parametrize(
    ("parameters", "distribution"),
    [
        ({"SiteUrl": DOMAIN}, None),
        ({"SiteUrl": DOMAIN}, CLOUDFRONT),
        ({"SiteUrl": "https://d2.cloudfront.net"}, CLOUDFRONT),
        ({"SiteUrl": "https://www.spine.example", "SiteDomain": "spine.example"}, CLOUDFRONT),
    ],
)
def test_another_address_is_refused(parameters: dict[str, str], distribution: str | None) -> None:
    with pytest.raises(CommandError, match=parameters["SiteUrl"]):
        site_url(parameters, distribution)
