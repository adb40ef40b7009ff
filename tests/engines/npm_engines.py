"""Fakes of Amazon SES and DynamoDB by other authors, from npm as pinned by the lock file in tools/engines.

`python -m tests.engines.npm_engines` only downloads them.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.engines import servers
from tests.engines.programs import NoEngine, node
from tests.engines.web import modules

QUOTA = {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 120.0}
# aws-ses-v2-local refuses an account without any of these.
_ACCOUNT = {
    "DedicatedIpAutoWarmupEnabled": False,
    "Details": {
        "AdditionalContactEmailAddresses": [],
        "ContactLanguage": "EN",
        "MailType": "TRANSACTIONAL",
        "ReviewDetails": {"CaseId": "1", "Status": "GRANTED"},
        "UseCaseDescription": "",
        "WebsiteURL": "",
    },
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": True,
    "SendingEnabled": True,
    "SendQuota": QUOTA,
    "SuppressionAttributes": {"SuppressedReasons": []},
}


@contextmanager
def ses() -> Iterator[str]:
    """The address of aws-ses-v2-local. GET /store returns the messages that it accepted."""
    environment = {"PATH": os.defpath, "AWS_SES_ACCOUNT": json.dumps(_ACCOUNT)}
    port = servers.free_port()
    with servers.running(_command("aws-ses-v2-local/dist/cli.js", port), port, environment=environment) as url:
        yield url


@contextmanager
def dynalite() -> Iterator[str]:
    """The address of an empty dynalite."""
    port = servers.free_port()
    with servers.running([*_command("dynalite/cli.js", port), "--createTableMs", "0"], port) as url:
        yield url


def _command(script: str, port: int) -> list[str]:
    return [*node(), str(modules("engines") / script), "--host", "127.0.0.1", "--port", str(port)]


def main() -> None:
    try:
        sys.stdout.write(f"For the adapters: {modules('engines')}, run by {' '.join(node())}\n")
    except NoEngine as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
