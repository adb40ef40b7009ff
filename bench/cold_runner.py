"""Run one cold start: `python -P cold_runner.py HANDLER FOLDER...`, with the event on standard input.

It runs in a new process, which imports only from the given folders. Exits with 1 if the function fails.
"""

import importlib
import json
import os
import sys


class Context:
    """The context object, which Lambda passes as the second argument."""

    function_name = "function"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    memory_limit_in_mb = 512
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def main(handler: str, folders: list[str]) -> int:
    sys.path[:0] = folders
    module, name = handler.rsplit(".", 1)
    answer = getattr(importlib.import_module(module), name)(json.load(sys.stdin), Context()) or {}
    went_well = answer.get("statusCode", 200) < 400 and not answer.get("batchItemFailures")
    if not went_well:
        print(answer)
    return 0 if went_well else 1


if __name__ == "__main__":
    code = main(sys.argv[1], sys.argv[2:])
    sys.stdout.flush()
    # Exit immediately, because Lambda does not wait for the end of a process either.
    os._exit(code)
