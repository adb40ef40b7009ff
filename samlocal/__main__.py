"""`python -m samlocal template.yaml`: run a SAM template on this machine until Ctrl-C."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from botocore.exceptions import BotoCoreError

from samlocal.aws.tables import UnsupportedEngine
from samlocal.http.server import PortTaken
from samlocal.stack import Stack
from samlocal.template.intrinsics import TemplateError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m samlocal", description=__doc__)
    parser.add_argument("template", type=Path)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="a template parameter")
    arguments = parser.parse_args()
    parameters = dict(one.split("=", 1) for one in arguments.parameter)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    stack = Stack(arguments.template, Path(".samlocal"), port=arguments.port, parameters=parameters)
    try:
        stack.start()
    except (UnsupportedEngine, PortTaken, TemplateError) as error:
        print(error, file=sys.stderr)
        return 1
    except BotoCoreError as error:
        print(f"Can't reach the AWS emulator: {error}", file=sys.stderr)
        return 1
    try:
        stack.terminal.plain(f"Ready at {stack.url}. Mailbox, tables and logs: {stack.url}/_local/")
        # Wait with a timeout, because Python handles signals only between waits.
        while not stop.wait(0.5):
            pass
    finally:
        stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
