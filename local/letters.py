"""The letter of one referral, as it would be printed now: so that whoever writes its words can see them."""

import os
import sys
from datetime import datetime
from pathlib import Path


def letter(receipt: str, now: datetime) -> bytes | str:
    """A PDF; or, in a word, why this referral has no letter. With the code and the words as they are now."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cli"]:
        del sys.modules[name]
    from cli.letters import Place, Press
    from referral_intake.adapters.campaigns import Campaigns

    told, templates = os.environ, Path(os.environ["TEMPLATES_DIR"])
    place = Place(told["TABLE_NAME"], told["HASHING_KEYS_SECRET"], told["SIGNING_KEYS_SECRET"], told["SITE_URL"])
    press = Press(place, templates, approved_only=False)
    referral = press.get(receipt)
    campaign = Campaigns(templates).get(referral.campaign) if referral else None
    if referral is None or campaign is None:
        return "unknown"
    printed = press.print(campaign, [referral], now)
    return printed.pdf or printed.left_out[receipt]
