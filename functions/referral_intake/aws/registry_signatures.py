"""Signatures of what the look-up found, so that intake knows a registered name without another request."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from itsdangerous import Signer

from referral_intake.aws.keys import Ring
from referral_intake.core.doctor import Doctor


class RegistrySignatures:
    """They never expire: a name stays the name that the registry had for this NPI."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def sign(self, match: Mapping[str, Any]) -> str:
        return self._signer().get_signature(_signed(match["name"], match["npi"])).decode()

    def is_valid(self, doctor: Doctor, signature: object) -> bool:
        """Whether the look-up signed this name with this NPI."""
        if not isinstance(signature, str) or not signature.isascii():
            return False
        return self._signer().verify_signature(_signed(doctor.name, doctor.npi), signature)

    def _signer(self) -> Signer:
        return Signer(self._ring().oldest_first, salt="registry", digest_method=hashlib.sha256)


def _signed(name: str, npi: str | None) -> str:
    return json.dumps([name, npi])
