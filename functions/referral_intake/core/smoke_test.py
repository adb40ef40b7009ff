"""The referral of a smoke test. It belongs to a campaign of its own, so that no number, list, export or limit has it.

Its content, such as the message, is that of the tested campaign. The public form can't name such a campaign.
"""

from datetime import timedelta

# Not allowed in the name of a campaign's folder.
_SUFFIX = ".smoke-test"
# The smoke test deletes its referral. If it is interrupted, DynamoDB does.
KEPT = timedelta(days=1)


def campaign_of(tested: str) -> str:
    """Return the campaign of the smoke test's referral."""
    return tested + _SUFFIX


def is_test(campaign: str) -> bool:
    return campaign.endswith(_SUFFIX)


def tested_campaign(campaign: str) -> str:
    """Return the campaign whose content is tested, or the given one."""
    return campaign.removesuffix(_SUFFIX)
