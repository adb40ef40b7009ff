"""Compares what checkov finds in CloudFormation templates with what is accepted: `scan.py CHECKOV TEMPLATE ...`."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ACCEPTED = Path(__file__).with_name("accepted.toml")


def main(checkov: str, *templates: str) -> int:
    accepted = tomllib.loads(ACCEPTED.read_text("utf-8"))
    wrong = list(complaints(found(checkov, templates), accepted))
    print("\n".join(wrong) if wrong else f"checkov: nothing but what {ACCEPTED.name} gives reasons for.")
    return 1 if wrong else 0


def found(checkov: str, templates: Sequence[str]) -> list[dict[str, Any]]:
    """What checkov would have otherwise."""
    # It asks nothing of the network: no policies of a service, no links to guidelines.
    options = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--soft-fail", "-o", "json"]
    done = subprocess.run([checkov, "-f", *templates, *options], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    # A template that it can't read, it passes over: then nothing was looked at.
    if "results" not in report or not report["summary"]["passed"] or report["summary"]["parsing_errors"]:
        raise SystemExit(f"checkov could not read {', '.join(templates)}")
    failed: list[dict[str, Any]] = report["results"]["failed_checks"]
    return failed


def complaints(failed: list[dict[str, Any]], accepted: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    met: set[tuple[str, str]] = set()
    for finding in failed:
        check, resource = finding["check_id"], finding["resource"]
        patterns = accepted.get(check, {}).get("resources", ())
        matching = {(check, pattern) for pattern in patterns if fnmatchcase(resource, pattern)}
        met |= matching
        if not matching:
            yield f"{check} {resource}: {finding['check_name']}"
    for check, entry in accepted.items():
        for pattern in entry["resources"]:
            if (check, pattern) not in met:
                yield f"{check} {pattern}: accepted in {ACCEPTED.name}, and no longer found. Remove it there."


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
