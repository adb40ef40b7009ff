"""Load the recorded history into a stack, moved so that it ends now."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from local.demo import demo_keys, history
from local.demo.counters import counters
from local.demo.history import Item, Shift
from local.demo.messages import Outbox
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.aws.item_format import from_item
from referral_intake.core.campaign import Campaign
from samlocal.aws import moto_data

if TYPE_CHECKING:
    from local.stack import LocalStack


def load(stack: "LocalStack", now: datetime) -> None:
    """Load the history into an empty stack, before its event sources run. They receive no events about it.

    Raise SystemExit if the stack does not use the built-in DynamoDB.
    """
    if not stack.cloud.is_embedded(stack.cloud.streams):
        raise SystemExit("The demo needs the built-in DynamoDB. Unset AWS_ENDPOINT_URL_DYNAMODB.")
    campaigns = Campaigns(Path(os.environ["TEMPLATES_DIR"]))
    campaign = campaigns.get(campaigns.names()[0])
    assert campaign, "it was just found"
    outbox = Outbox(campaign, demo_keys.hashing_keys(stack.cloud), demo_keys.signing_keys(stack.cloud))
    items = list(history_at(now, campaign, stack.url))
    referrals = [item for item in items if item["sk"]["S"] == "referral"]
    items += [message for item in referrals for message in outbox.render(item)]
    moto_data.put_without_stream(stack.template.tables["Table"].name, items)
    moto_data.put_without_stream(stack.template.tables["StatsTable"].name, counters(map(from_item, referrals)))
    outbox.deliver(stack.ses)


def history_at(now: datetime, campaign: Campaign, site_url: str) -> Iterator[Item]:
    """Yield the recorded items in their state at that time, with the campaign and the URL of the site filled in."""
    text = history.read().replace(history.SITE_URL, site_url).replace(history.CAMPAIGN, campaign.name)
    text = text.replace(history.PRODUCT_URL, campaign.sender.product_url)
    return history.items_at(now, Shift.to(now).text(text))
