"""Check the subjects of commits: `python -m tools.commits`.

With the file of a message as argument, check only this message, as a commit-msg hook of git.

A subject must be in the imperative, have at most 72 characters, and not be a placeholder. Commits before SINCE and
merges are not checked. Outside a git clone, there is nothing to check.
"""

import re
import subprocess
import sys
from pathlib import Path

# Older subjects were written without this check.
SINCE = "2026-11-27T21:00:00Z"
LONGEST = 72
PLACEHOLDERS = re.compile(r"(wip|tmp|todo|fixup!|squash!|amend!)\b|(fixup|squash|amend)!", re.IGNORECASE)
# Matches verbs such as "Added", "Adding" and "Adds", but not "Embed", "Bring" or "Pass".
NOT_IMPERATIVE = re.compile(
    r"\w+(?<!e)(?<!emb)(?<!sh)ed\b|\w+(?<!str)(?<!br)(?<!p)ing\b|\w+(?<![suai])s\b", re.IGNORECASE
)


def problems(subject: str) -> list[str]:
    """Return what is wrong with the subject, as parts of a sentence."""
    found = []
    if len(subject) > LONGEST:
        found.append(f"has {len(subject)} characters, more than {LONGEST}")
    if PLACEHOLDERS.match(subject):
        found.append("is a placeholder")
    if not subject[:1].isupper() or subject.endswith("."):
        found.append("should begin with a capital letter and end without a period")
    if NOT_IMPERATIVE.match(subject):
        found.append("should begin with a verb in the imperative, such as Add or Fix")
    return found


def main(words: list[str]) -> int:
    subjects = [_first_line(Path(words[0]))] if words else _since()
    wrong = [f"{subject!r} {problem}." for subject in subjects for problem in problems(subject)]
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


def _first_line(message: Path) -> str:
    return next((line for line in message.read_text("utf-8").splitlines() if line.strip()), "")


def _since() -> list[str]:
    command = ["git", "log", "--no-merges", f"--since={SINCE}", "--format=%s"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
