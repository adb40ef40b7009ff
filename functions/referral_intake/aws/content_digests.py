"""Digests of approved content, by file: only files that match the approved bytes may be sent."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path


def digests(root: Path, files: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 digest of each file, by its path relative to `root`."""
    return {file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def combined_digest(content: Mapping[str, str]) -> str:
    """Return one digest for all files."""
    lines = "".join(f"{path} {digest}\n" for path, digest in sorted(content.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def files_requiring_approval(root: Path, campaign: str) -> list[Path]:
    """Return the files that need approval: the campaign's own, and the shared layouts of emails and letters."""
    folder = root / "campaigns" / campaign
    own = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != "approval.toml"]
    return own + sorted((root / "email").iterdir()) + sorted((root / "letter").iterdir())
