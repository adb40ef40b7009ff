"""What was approved, file by file: only the very bytes that somebody read may be sent."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path


def digests(root: Path, files: Iterable[Path]) -> dict[str, str]:
    """The SHA-256 of each file, by its path below `root`."""
    return {file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def digest_of(content: Mapping[str, str]) -> str:
    """One digest for all of them."""
    lines = "".join(f"{path} {digest}\n" for path, digest in sorted(content.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def to_approve(root: Path, campaign: str) -> list[Path]:
    """Every file of a campaign that people read, and that its messages and letters are made from."""
    folder = root / "campaigns" / campaign
    own = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != "approval.toml"]
    return own + sorted((root / "email").iterdir()) + sorted((root / "letter").iterdir())
