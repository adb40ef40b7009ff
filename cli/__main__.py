"""`python -m cli`: what those who operate referral-intake do by hand. AWS's usual environment says which account."""

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from cli import approve, audit, deploy, destroy, held, letters, preflight, recount, redrive, restore, resume, site
from cli.stacks import NoStack
from referral_intake.core.errors import Unavailable

_COMMANDS = (approve, audit, deploy, destroy, held, letters, preflight, recount, redrive, restore, resume, site)


def main(words: Sequence[str] | None = None) -> int:
    """Returns 0 where everything asked for was done, 1 where not: stderr says why. Usage errors exit with 2."""
    parser = argparse.ArgumentParser(prog="python -m cli", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_to(commands)
    arguments = parser.parse_args(words)
    try:
        status: int = arguments.run(arguments)
    except NoStack as error:
        return _failed(str(error))
    except (Unavailable, BotoCoreError, ClientError) as error:
        return _failed(f"AWS: {str(error).rstrip('.')}. What was done is done; the same command goes on from there.")
    except KeyboardInterrupt:
        return _failed("Stopped. What was done is done; the same command goes on from there.")
    return status


def _failed(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
