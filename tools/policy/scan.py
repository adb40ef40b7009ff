"""Compare checkov's findings in CloudFormation templates with accepted ones: `scan.py CHECKOV TEMPLATE...`."""

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
    wrong = list(differences(found(checkov, templates), accepted))
    print("\n".join(wrong) if wrong else f"checkov: no findings except those accepted in {ACCEPTED.name}.")
    return 1 if wrong else 0


def found(checkov: str, templates: Sequence[str]) -> list[dict[str, Any]]:
    """Return the failed checks of checkov. Exit with an error message if checkov can't read a template."""
    # --skip-download prevents network requests for policies and links to guidelines.
    options = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--soft-fail", "-o", "json"]
    done = subprocess.run([checkov, "-f", *templates, *options], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    # checkov skips a template that it can't read, and reports no error.
    if "results" not in report or not report["summary"]["passed"] or report["summary"]["parsing_errors"]:
        raise SystemExit(f"checkov could not read {', '.join(templates)}")
    failed: list[dict[str, Any]] = report["results"]["failed_checks"]
    return failed


def differences(failed: list[dict[str, Any]], accepted: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each finding that is not accepted, and for each accepted one that is no longer found."""
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
                yield f"{check} {pattern}: no longer found. Remove it from {ACCEPTED.name}."


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
