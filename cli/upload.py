"""The built site into its bucket. What a page asks for is there before the page, and stays for older pages.

It can be run as often as one likes, and goes on where it was stopped: files that are there as they should be are left
alone, and the pages are forgotten by CloudFront each time, whoever uploaded them.
"""

import hashlib
import mimetypes
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Folders whose files are named by what is in them: such a file never changes.
HASHED = ("assets/", "dashboard/assets/")
FOR_EVER = "public, max-age=31536000, immutable"
# A browser and CloudFront may keep a page, but ask whether it still holds.
ASK_FIRST = "no-cache"
# For how long a file stays that no page of ours asks for any more. Who has a page open that long loads it again.
KEPT = timedelta(days=30)
_RETIRED = "retired"
# What Python or the machine may know nothing of, or otherwise than browsers want it.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/plain",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_IN_UTF_8 = {"text/css", "text/html", "text/javascript", "text/plain"}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class File:
    key: str
    data: bytes

    @property
    def is_hashed(self) -> bool:
        return self.key.startswith(HASHED)

    @property
    def headers(self) -> dict[str, str]:
        return {"CacheControl": FOR_EVER if self.is_hashed else ASK_FIRST, "ContentType": content_type(self.key)}

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(slots=True)
class Uploaded:
    """How many files were written, were there already, were removed; and the pages that CloudFront must forget."""

    written: int = 0
    there: int = 0
    removed: int = 0
    pages: list[str] = field(default_factory=list)


def upload(s3: "S3Client", bucket: str, site: Path, now: datetime, say: Say) -> Uploaded:
    """Brings the bucket to what `site` holds: assets, then pages; only then is anything retired or removed."""
    files, done = in_order(site), Uploaded()
    for file in files:
        if _is_there(s3, bucket, file):
            done.there += 1
            continue
        s3.put_object(Bucket=bucket, Key=file.key, Body=file.data, Metadata={"sha256": file.digest}, **file.headers)  # type: ignore[arg-type]
        done.written += 1
        say(f"  {file.key}")
    wanted = {file.key for file in files}
    gone = list(_clear(s3, bucket, wanted, now, say))
    done.removed = len(gone)
    done.pages = paths([file.key for file in files if not file.is_hashed] + [k for k in gone if not _hashed(k)])
    return done


def in_order(site: Path) -> list[File]:
    """What pages ask for, what the dashboard's page asks for next, the pages; the first page of all comes last."""
    found = [path for path in site.rglob("*") if path.is_file() and not path.name.startswith(".")]
    files = [File(path.relative_to(site).as_posix(), path.read_bytes()) for path in found]
    return sorted(
        files, key=lambda one: (not one.is_hashed, one.key.endswith(".html"), one.key == "index.html", one.key)
    )


def content_type(key: str) -> str:
    """Raises ValueError where nobody knows: a browser that guesses is told not to (nosniff), and would show nothing."""
    name = key.rpartition("/")[2]
    kind = "text/plain" if "." not in name else _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    if kind is None:
        raise ValueError(f"No content type is known for {key}. Name it in cli/upload.py.")
    return f"{kind}; charset=utf-8" if kind in _IN_UTF_8 else kind


def paths(keys: list[str]) -> list[str]:
    """What CloudFront must forget: a page under its own name and under the folder's, which is how people ask for it."""
    folders = (key.removesuffix("index.html") for key in keys if key.rpartition("/")[2] == "index.html")
    return sorted({f"/{key}" for key in keys} | {f"/{folder}" for folder in folders})


def invalidate(cloudfront: Any, distribution: str, pages: list[str]) -> str:
    """CloudFront's id of it. A reference of its own each time: the same pages may have to be forgotten again."""
    batch = {"Paths": {"Quantity": len(pages), "Items": pages}, "CallerReference": str(uuid.uuid4())}
    answer = cloudfront.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)
    made: str = answer["Invalidation"]["Id"]
    return made


def empty(s3: "S3Client", bucket: str) -> int:
    """Deletes everything in the bucket, its old versions too. Returns how much there was."""
    count = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        every = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if every:
            objects: Any = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in every]
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            if failed := answer.get("Errors"):
                raise SystemExit(f"{bucket}: {len(failed)} files can't be deleted: {failed[0].get('Message')}")
            count += len(every)
    return count


def _hashed(key: str) -> bool:
    return key.startswith(HASHED)


def _is_there(s3: "S3Client", bucket: str, file: File) -> bool:
    try:
        found = s3.head_object(Bucket=bucket, Key=file.key)
    except ClientError as error:
        # 403 is what S3 says of a missing file to whoever may not list the bucket.
        if error.response["Error"]["Code"] in {"404", "403", "NoSuchKey"}:
            return False
        raise
    if found["Metadata"].get("sha256") != file.digest:
        return False
    return all(found.get(name) == value for name, value in file.headers.items())


def _clear(s3: "S3Client", bucket: str, wanted: set[str], now: datetime, say: Say) -> Iterator[str]:
    """Deletes old pages, and assets that were retired long ago. Assets that nobody asks for now are retired today."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for key in (one["Key"] for one in page.get("Contents", [])):
            if _hashed(key) and not _is_over(s3, bucket, key, now, wanted=key in wanted):
                continue
            if key not in wanted:
                s3.delete_object(Bucket=bucket, Key=key)
                say(f"  removed {key}")
                yield key


def _is_over(s3: "S3Client", bucket: str, key: str, now: datetime, *, wanted: bool) -> bool:
    """Since when an asset is wanted no more is written on it, as a tag: when it was uploaded says nothing of that."""
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}
    retired = tags.get(_RETIRED)
    if wanted:
        if retired:  # An older version came back.
            s3.delete_object_tagging(Bucket=bucket, Key=key)
        return False
    if retired is None:
        tag: Any = {"TagSet": [{"Key": _RETIRED, "Value": now.date().isoformat()}]}
        s3.put_object_tagging(Bucket=bucket, Key=key, Tagging=tag)
        return False
    return now.date() - datetime.fromisoformat(retired).date() > KEPT
