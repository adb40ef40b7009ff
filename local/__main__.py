"""Run the whole system at http://127.0.0.1:8080 until Ctrl-C. With --demo, load sample data first."""

import argparse
import signal
import socket
import sys
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError

from local.demo import MANAGER, VIEWER, fill
from local.stack import ROOT, LocalStack
from samlocal.aws.tables import UnsupportedEngine
from samlocal.http.server import PortTaken
from samlocal.template.intrinsics import TemplateError

IMMEDIATE = """
  Introductions are sent at once. To keep the campaign's grace period and office hours: make run SCHEDULED=1
"""
SCHEDULED = """
  Introductions keep the campaign's grace period and office hours. To send one earlier, move the clock forward.
"""


def main() -> int:
    started = time.monotonic()
    arguments = _arguments()
    port = arguments.port
    stop_signal = _listen_for_stop()
    is_scheduled = arguments.demo or arguments.scheduled
    timing = {"IntroductionTiming": "scheduled" if is_scheduled else "immediate"}
    stack = LocalStack(port=port, fill=fill if arguments.demo else None, parameters=timing)
    try:
        stack.start()
    except PortTaken as error:
        print(f"{error} Try: make run PORT={port + 1}", file=sys.stderr)
        return 1
    except UnsupportedEngine as error:
        print(error, file=sys.stderr)
        return 1
    except TemplateError as error:
        print(f"infra/template.yaml: {error}", file=sys.stderr)
        return 1
    except BotoCoreError as error:
        print(f"Can't reach the AWS emulator: {error}", file=sys.stderr)
        return 1
    try:
        where = _start_message(stack, time.monotonic() - started, is_demo=arguments.demo)
        stack.terminal.plain(where + (SCHEDULED if is_scheduled else IMMEDIATE))
        stop_signal.recv(1)
    finally:
        stack.stop()
    return 0


def _listen_for_stop() -> socket.socket:
    """Return a socket that becomes readable when the process receives a signal to stop.

    Python runs signal handlers only in the main thread, and not while that waits for a lock. But set_wakeup_fd() writes
    to the socket in any case, which ends the wait.
    """
    wakes, woken = socket.socketpair()
    woken.settimeout(0)
    signal.set_wakeup_fd(woken.detach(), warn_on_full_buffer=False)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: None)
    return wakes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--port", type=_port, default=8080, help="port on 127.0.0.1 (default: 8080)")
    parser.add_argument("--demo", action="store_true", help="load sample referrals of the last three months first")
    parser.add_argument("--scheduled", action="store_true", help="keep the grace period and the office hours")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return int(text)


def _start_message(stack: LocalStack, seconds: float, *, is_demo: bool) -> str:
    endpoint = stack.cloud.dynamodb.meta.endpoint_url
    lines = [f"\nReady in {seconds:.1f} s. Saved edits take effect immediately. To stop, press Ctrl-C.\n"]
    places = {
        "Page": f"{stack.url}/",
        "Dashboard": f"{stack.url}/dashboard/",
        "Mailbox": f"{stack.url}/_local/mailbox",
        "as JSON": f"{stack.url}/_local/mailbox.json",
        "Table": f"{stack.url}/_local/table",
        "Failures": f"{stack.url}/_local/failures",
        "Clock": f"{stack.url}/_local/ (move it forward)",
        "Logs": f"{_shown(stack.terminal.log_file)}, or {stack.url}/_local/logs",
    }
    lines += [f"  {name:<9} {place}" for name, place in places.items()]
    lines += [
        f"  {'Query':<9} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1 "
        f"AWS_ENDPOINT_URL_DYNAMODB={endpoint} aws dynamodb scan --table-name {table.name}"
        for table in stack.template.tables.values()
    ]
    if is_demo:
        who = f"as {VIEWER} (numbers only) or {MANAGER} (full access)"
        lines += [f"\n  Sign in to the dashboard {who}."]
    return "\n".join([*lines, ""])


def _shown(file: Path) -> Path:
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file


if __name__ == "__main__":
    sys.exit(main())
