"""The codes of printed letters in the table."""

from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws.letter_codes import LetterCodes
from referral_intake.aws.signed_links import Link
from tests.integration import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RECEIPT = "K3QF-7ZTA-MM2X-PE5R"
LINK = Link(("phone#k1#2#0", "postcode#k1#2#1"), "lumen", RECEIPT, is_printed=True)


@pytest.fixture
def codes(client: "DynamoDBClient", table: str) -> LetterCodes:
    return LetterCodes(aws.ring_of(aws.RING), client, table)


def test_a_code_is_found_after_it_was_stored(codes: LetterCodes) -> None:
    code = codes.code_of(RECEIPT)
    assert codes.find(code) is None
    codes.store([LINK])
    codes.store([LINK])  # The letter was printed again.
    assert codes.find(code) == LINK
    assert codes.find("AAAA-AAAA-AAAA") is None


def test_a_code_can_not_be_derived_from_the_receipt_without_the_key(client: Any, table: str) -> None:
    one, other = (LetterCodes(aws.ring_of(ring), client, table) for ring in (aws.RING, aws.ROTATED))
    assert one.code_of(RECEIPT) != other.code_of(RECEIPT)
    one.store([LINK])
    assert other.find(one.code_of(RECEIPT)) == LINK, "a code still works after the key was rotated"


def test_the_table_does_not_show_the_code(codes: LetterCodes, table_reader: aws.TableReader) -> None:
    codes.store([LINK])
    assert codes.code_of(RECEIPT) not in str(table_reader.items())


def test_more_letters_than_fit_in_one_transaction_are_stored(codes: LetterCodes, table_reader: aws.TableReader) -> None:
    codes.store([Link(LINK.keys, "lumen", f"receipt {number}", is_printed=True) for number in range(201)])
    assert len(table_reader.items()) == 201
