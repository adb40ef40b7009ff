"""Parts for printing letters, for `reports` and the command line."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from referral_intake.reports.bulk_letters import BulkLetters


@dataclass(frozen=True, slots=True)
class LetterResources:
    """The resources of a stack that letters need: its table, the names of its secrets, the site's URL."""

    table: str
    hashing_keys: str
    signing_keys: str
    site_url: str


def bulk_letters_for(resources: LetterResources, templates: "Path", *, approved_only: bool = True) -> "BulkLetters":
    """Return the parts to print letters of one stack. Without `approved_only`, also print unapproved wording."""
    from referral_intake.aws import dynamodb
    from referral_intake.aws.claims import ClaimTable
    from referral_intake.aws.keys import DoctorHashes
    from referral_intake.aws.letter_codes import LetterCodes
    from referral_intake.aws.secrets import Secrets
    from referral_intake.aws.signed_links import Links
    from referral_intake.reports.bulk_letters import BulkLetters
    from referral_intake.reports.letter_layout import LetterPrinter

    secrets, table = Secrets(), dynamodb.client()
    signing_keys = partial(secrets.keyring, resources.signing_keys)
    links, codes = Links(signing_keys, resources.site_url), LetterCodes(signing_keys, table, resources.table)
    claims = ClaimTable(table, resources.table)
    letters = LetterPrinter(templates, links, codes, resources.site_url, claims, approved_only=approved_only)
    return BulkLetters(table, resources.table, DoctorHashes(lambda: secrets.keyring(resources.hashing_keys)), letters)
