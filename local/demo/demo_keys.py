"""Provide the keys of the demo.

The table contains hashes of doctors, so the recorded history is valid only with the hashing keys of the recording.
"""

import json
import os
from typing import TYPE_CHECKING

from referral_intake.aws.keys import Keyring, Ring

if TYPE_CHECKING:
    from samlocal.aws.resources import Cloud

_HASHING_KEYS = {"current": "k1", "k1": "the demo's own: it hashes made-up doctors"}


def hashing_keys(cloud: "Cloud") -> Ring:
    """Replace the generated hashing keys of the stack with those of the recording, and return them."""
    cloud.secrets.put_secret_value(SecretId=os.environ["HASHING_KEYS_SECRET"], SecretString=json.dumps(_HASHING_KEYS))
    return lambda: Keyring.from_secret(_HASHING_KEYS)


def signing_keys(cloud: "Cloud") -> Ring:
    """Return the generated signing keys of the stack. Links are signed again at each load."""
    ring = Keyring.from_secret(json.loads(cloud.secret_text(os.environ["SIGNING_KEYS_SECRET"])))
    return lambda: ring
