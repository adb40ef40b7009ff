"""Render the letter of one referral, so that authors can preview its wording."""

import os
from datetime import datetime
from pathlib import Path


def letter(receipt: str, now: datetime) -> bytes | str:
    """Return the letter as PDF, or the reason in one word why the referral has none.

    Imports the functions' code here, so that the current code and wording are used.
    """
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.reports.letter_wiring import LetterResources, bulk_letters_for

    environment, templates = os.environ, Path(os.environ["TEMPLATES_DIR"])
    place = LetterResources(
        environment["TABLE_NAME"],
        environment["HASHING_KEYS_SECRET"],
        environment["SIGNING_KEYS_SECRET"],
        environment["SITE_URL"],
    )
    letters = bulk_letters_for(place, templates, approved_only=False)
    referral = next(iter(letters.read([receipt])), None)
    campaign = Campaigns(templates).get(referral.campaign) if referral else None
    if referral is None or campaign is None:
        return "unknown"
    printed = letters.print(campaign, [referral], now)
    return printed.pdf or printed.left_out[receipt]
