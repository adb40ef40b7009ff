"""Remove data of libraries that no function reads from a package.

Only large data is removed, because each new execution environment must download the package: of 57 MB, botocore's
descriptions of other services take 21 MB, and the place names of phonenumbers 19 MB. By measurement, the start time of
Python does not change. Data below 0.5 MB, licenses and metadata stay.
"""

import shutil
from pathlib import Path

SERVICES = frozenset({"cognito-idp", "dynamodb", "events", "s3", "secretsmanager", "sesv2", "sqs"})
"""The botocore names of the services that functions call. A test compares them with the code."""

_UNREAD = (
    # Descriptions of boto3 resources. Functions use only clients.
    "boto3/data",
    "boto3/examples",
    # Places and carriers of phone numbers. Functions only validate and format numbers.
    "phonenumbers/geodata",
    "phonenumbers/carrierdata",
)


def strip(package: Path) -> None:
    """Remove the data from a package that `sam build` built.

    Layers are not affected: their packages are one folder deeper, and contain no such data.
    """
    for name in _UNREAD:
        shutil.rmtree(package / name, ignore_errors=True)
    # Keep the files next to the folders of services, because all services need them.
    for service in package.glob("botocore/data/*/"):
        if service.name not in SERVICES:
            shutil.rmtree(service)
