"""Change a stack by a changeset that SAM creates: show it, ask, execute it, and report its progress.

`sam deploy` exits with 0 if the user declines its question, so it can't be asked whether it deployed anything.
"""

import itertools
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli import output
from cli.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_SUCCESS = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_FAILURE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"}
# CloudFormation can only delete a stack whose first deployment failed.
_NEVER_CREATED = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
# SAM creates a stack with this status for the changeset of the first deployment.
_EMPTY = "REVIEW_IN_PROGRESS"
_WORDS = {"Add": "to add", "Modify": "to change", "Remove": "to remove", "Import": "to import", "Dynamic": "to decide"}
_DECLINED = "Nothing was changed, and the site was not uploaded."
_POLL_SECONDS = 5.0


def run(command: list[str]) -> bool:
    """Run a program, and return whether it succeeded."""
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603  (no input from outside)


class Stack:
    """A stack that is created or updated. `sleep` waits between two looks at its progress."""

    def __init__(self, client: "CloudFormationClient", name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self.name, self._sleep = client, name, sleep

    @property
    def status(self) -> str | None:
        """The status, or None if the stack does not exist."""
        try:
            [found] = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return found["StackStatus"]

    @property
    def is_new(self) -> bool:
        """Whether it was never deployed successfully."""
        return self.status in {None, _EMPTY, *_NEVER_CREATED}

    def deploy(self, command: list[str], *, ask: bool) -> bool:
        """Create a changeset with SAM's `command`, and execute it. Return whether this succeeded.

        Raise CommandError if the user declines, or another deployment is in progress.
        """
        self._make_ready()
        known = self._changesets()
        if not run([*command, "--no-execute-changeset"]):
            return False
        new = [one for one in self._changesets() if one not in known]
        if not new:
            return True  # There are no changes. SAM said so.
        if not self._is_confirmed(new[-1], ask=ask):
            self._discard(new[-1])
            raise CommandError(_DECLINED)
        return self._execute(new[-1])

    def _make_ready(self) -> None:
        status = self.status or ""
        if status.endswith("_IN_PROGRESS") and status != _EMPTY:
            raise CommandError(f"{self.name} is {status}. Wait until this ends, and run the same command again.")
        if status in _NEVER_CREATED:
            print(f"Deleting {self.name}, whose first deployment failed ...", flush=True)
            self._delete()

    def _delete(self) -> None:
        self._client.delete_stack(StackName=self.name)
        self._client.get_waiter("stack_delete_complete").wait(StackName=self.name)

    def _changesets(self) -> list[str]:
        """Return the ids of the changesets that can be executed, the oldest first."""
        if self.status is None:
            return []
        pages = self._client.get_paginator("list_change_sets").paginate(StackName=self.name)
        found = [one for page in pages for one in page["Summaries"] if one.get("ExecutionStatus") == "AVAILABLE"]
        return [one["ChangeSetId"] for one in sorted(found, key=lambda one: one["CreationTime"])]

    def _is_confirmed(self, changeset: str, *, ask: bool) -> bool:
        pages = self._client.get_paginator("describe_change_set").paginate(ChangeSetName=changeset, StackName=self.name)
        for line in summary([one["ResourceChange"] for page in pages for one in page["Changes"]]):
            print(line)
        return not ask or _asked(f"Deploy these changes to {self.name}? [y/N] ").lower() in {"y", "yes"}

    def _discard(self, changeset: str) -> None:
        self._client.delete_change_set(ChangeSetName=changeset, StackName=self.name)
        if self.status == _EMPTY:
            self._client.delete_stack(StackName=self.name)

    def _execute(self, changeset: str) -> bool:
        """Execute the changeset, print its events, and return whether it succeeded."""
        latest = next(self._events(), None)
        seen = {latest["EventId"]} if latest else set()
        # A first deployment that fails leaves nothing, so that it can be repeated. Later ones keep the data.
        self._client.execute_change_set(ChangeSetName=changeset, StackName=self.name, RetainExceptOnCreate=True)
        while True:
            new = list(itertools.takewhile(lambda event: event["EventId"] not in seen, self._events()))
            for event in reversed(new):
                seen.add(event["EventId"])
                _report(event)
                is_own = event["PhysicalResourceId"] == event["StackId"]
                if is_own and event["ResourceStatus"] in _SUCCESS | _FAILURE:
                    return event["ResourceStatus"] in _SUCCESS
            self._sleep(_POLL_SECONDS)

    def _events(self) -> Iterator[Any]:
        """Yield the events of all deployments, the latest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self.name)
        return (event for page in pages for event in page["StackEvents"])


def summary(changes: list[Any]) -> list[str]:
    """Return lines that count the changes, and name each resource that is removed or replaced."""
    counts = Counter(one["Action"] for one in changes)
    lines = [", ".join(f"{count} {_WORDS.get(action, action)}" for action, count in counts.items())]
    lost = [one for one in changes if one["Action"] == "Remove" or one.get("Replacement") in {"True", "Conditional"}]
    for one in lost:
        how = {"True": "is replaced", "Conditional": "may be replaced"}.get(one.get("Replacement", ""), "is removed")
        lines.append(f"  {one['LogicalResourceId']} ({one['ResourceType']}) {how}")
    return [f"Resources: {lines[0] or 'no change'}.", *lines[1:]]


def _report(event: Any) -> None:
    status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
    line = f"{event['Timestamp']:%H:%M:%S}  {status:30}  {event['LogicalResourceId']}"
    if status.endswith("_FAILED") and "cancel" not in reason:
        output.problem(f"{line}: {reason}")
    elif status.endswith("_COMPLETE"):
        print(line, flush=True)


def _asked(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""
