"""The keys of the demo. The table holds hashes of doctors, so the history fits only the keys it was recorded with."""

import json
import os
from typing import TYPE_CHECKING

from referral_intake.aws.keys import Keyring, Ring

if TYPE_CHECKING:
    from samlocal.aws.resources import Cloud

_HASHING_KEYS = {"current": "k1", "k1": "the demo's own: it hashes made-up doctors"}


def hashing_keys(cloud: "Cloud") -> Ring:
    """Puts the recorded keys in the place of those that the stack drew."""
    cloud.secrets.put_secret_value(SecretId=os.environ["HASHING_KEYS_SECRET"], SecretString=json.dumps(_HASHING_KEYS))
    return lambda: Keyring.from_secret(_HASHING_KEYS)


def signing_keys(cloud: "Cloud") -> Ring:
    """The stack's own: every link is signed anew."""
    ring = Keyring.from_secret(json.loads(cloud.secret_text(os.environ["SIGNING_KEYS_SECRET"])))
    return lambda: ring
