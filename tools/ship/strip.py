"""What is taken out of a package: data that comes along with libraries and that no function reads.

Chosen by size, since each of a function's new environments must load it all: of 57 MB, botocore's descriptions of other
services are 21, phonenumbers' place names 19. How long Python takes to start, it does not change: measured. Whatever is
below half a megabyte stays, as do licences and metadata.
"""

import shutil
from pathlib import Path

SERVICES = frozenset({"cognito-idp", "dynamodb", "events", "s3", "secretsmanager", "sesv2", "sqs"})
"""The services that functions call, by botocore's names. A test compares them with the code."""

_UNREAD = (
    # Descriptions for boto3's resources. Functions use clients.
    "boto3/data",
    "boto3/examples",
    # Which town or carrier a number is of: only its form is checked.
    "phonenumbers/geodata",
    "phonenumbers/carrierdata",
)


def strip(package: Path) -> None:
    """Of a folder that `sam build` made. A layer has its packages one folder deeper, and none of these."""
    for name in _UNREAD:
        shutil.rmtree(package / name, ignore_errors=True)
    # Beside the services' folders are files that all of them need.
    for service in package.glob("botocore/data/*/"):
        if service.name not in SERVICES:
            shutil.rmtree(service)
