"""The letter of one referral, as it would be printed now: so that whoever writes its words can see them."""

import os
from datetime import datetime
from pathlib import Path


def letter(receipt: str, now: datetime) -> bytes | str:
    """A PDF; or, in a word, why this referral has no letter. With the code and the words as they are now."""
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.reports.letter_wiring import Place, bulk_letters_for

    told, templates = os.environ, Path(os.environ["TEMPLATES_DIR"])
    place = Place(told["TABLE_NAME"], told["HASHING_KEYS_SECRET"], told["SIGNING_KEYS_SECRET"], told["SITE_URL"])
    letters = bulk_letters_for(place, templates, approved_only=False)
    referral = next(iter(letters.read([receipt])), None)
    campaign = Campaigns(templates).get(referral.campaign) if referral else None
    if referral is None or campaign is None:
        return "unknown"
    printed = letters.print(campaign, [referral], now)
    return printed.pdf or printed.left_out[receipt]
