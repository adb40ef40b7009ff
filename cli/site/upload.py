"""Upload the built site to its bucket.

Assets are uploaded before the pages that load them. Assets that are no longer used are kept for a time, because
browsers may have older pages open. The upload can be stopped and repeated: it skips files that are up to date. Each run
invalidates all pages in CloudFront, because an earlier run may have stopped before its invalidation.
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

from cli.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Folders whose paths contain a digest of the content, so their files never change.
HASHED = ("assets/", "dashboard/assets/")
FOREVER = "public, max-age=31536000, immutable"
# Browsers and CloudFront may cache a page, but must revalidate it before use.
REVALIDATE = "no-cache"
# How long an asset that is no longer used is kept, for browsers that have an older page open.
KEPT = timedelta(days=30)
_RETIRED = "retired"
# CloudFront serves such a page for wrong addresses. A function of the template reads the status from its metadata.
NOT_FOUND = "404.html"
# Content types that Python's mimetypes lacks or names differently on some systems.
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
        return {"CacheControl": FOREVER if self.is_hashed else REVALIDATE, "ContentType": content_type(self.key)}

    @property
    def metadata(self) -> dict[str, str]:
        status = {"status": "404"} if self.key.rpartition("/")[2] == NOT_FOUND else {}
        return {"sha256": hashlib.sha256(self.data).hexdigest(), **status}


@dataclass(slots=True)
class Uploaded:
    """Counts of written, unchanged (`there`) and removed files, and the paths to invalidate in CloudFront."""

    written: int = 0
    there: int = 0
    removed: int = 0
    pages: list[str] = field(default_factory=list)


def upload(s3: "S3Client", bucket: str, site: Path, now: datetime, say: Say) -> Uploaded:
    """Synchronize the bucket with `site`: upload assets, then pages, then retire or remove old files."""
    files, done = in_order(site), Uploaded()
    for file in files:
        if _is_there(s3, bucket, file):
            done.there += 1
            continue
        s3.put_object(Bucket=bucket, Key=file.key, Body=file.data, Metadata=file.metadata, **file.headers)  # type: ignore[arg-type]
        done.written += 1
        say(f"  {file.key}")
    wanted = {file.key for file in files}
    gone = list(_clear(s3, bucket, wanted, now, say))
    done.removed = len(gone)
    done.pages = paths([file.key for file in files if not file.is_hashed] + [k for k in gone if not _hashed(k)])
    return done


def in_order(site: Path) -> list[File]:
    """Return the files in the order of upload: hashed assets, other files, pages, and `index.html` of the root last."""
    found = [path for path in site.rglob("*") if path.is_file() and not path.name.startswith(".")]
    files = [File(path.relative_to(site).as_posix(), path.read_bytes()) for path in found]
    return sorted(
        files, key=lambda one: (not one.is_hashed, one.key.endswith(".html"), one.key == "index.html", one.key)
    )


def content_type(key: str) -> str:
    """Return the content type of a file.

    Raise ValueError if it is unknown: browsers reject such a file, because the site sends `nosniff`.
    """
    name = key.rpartition("/")[2]
    kind = "text/plain" if "." not in name else _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    if kind is None:
        raise ValueError(f"No content type is known for {key}. Add it to cli/site/upload.py.")
    return f"{kind}; charset=utf-8" if kind in _IN_UTF_8 else kind


def paths(keys: list[str]) -> list[str]:
    """Return the paths to invalidate in CloudFront: each file, and for each `index.html` also its folder."""
    folders = (key.removesuffix("index.html") for key in keys if key.rpartition("/")[2] == "index.html")
    return sorted({f"/{key}" for key in keys} | {f"/{folder}" for folder in folders})


def invalidate(cloudfront: Any, distribution: str, pages: list[str]) -> str:
    """Invalidate the pages, and return the id of the invalidation.

    The caller reference is unique, because CloudFront ignores a repeated invalidation with the same reference.
    """
    batch = {"Paths": {"Quantity": len(pages), "Items": pages}, "CallerReference": str(uuid.uuid4())}
    answer = cloudfront.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)
    made: str = answer["Invalidation"]["Id"]
    return made


def empty(s3: "S3Client", bucket: str) -> int:
    """Delete all objects with all their versions, and return how many there were. Raise CommandError if some remain."""
    count = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        every = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if every:
            objects: Any = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in every]
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            if failed := answer.get("Errors"):
                raise CommandError(f"{bucket}: {len(failed)} files can't be deleted: {failed[0].get('Message')}")
            count += len(every)
    return count


def _hashed(key: str) -> bool:
    return key.startswith(HASHED)


def _is_there(s3: "S3Client", bucket: str, file: File) -> bool:
    try:
        found = s3.head_object(Bucket=bucket, Key=file.key)
    except ClientError as error:
        # For a missing file, S3 returns 403 if the caller may not list the bucket.
        if error.response["Error"]["Code"] in {"404", "403", "NoSuchKey"}:
            return False
        raise
    if found["Metadata"] != file.metadata:
        return False
    return all(found.get(name) == value for name, value in file.headers.items())


def _clear(s3: "S3Client", bucket: str, wanted: set[str], now: datetime, say: Say) -> Iterator[str]:
    """Delete old pages and assets that were retired more than KEPT ago, and yield their keys.

    Retire the assets that are no longer used.
    """
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for key in (one["Key"] for one in page.get("Contents", [])):
            if _hashed(key) and not _is_expired(s3, bucket, key, now, wanted=key in wanted):
                continue
            if key not in wanted:
                s3.delete_object(Bucket=bucket, Key=key)
                say(f"  removed {key}")
                yield key


def _is_expired(s3: "S3Client", bucket: str, key: str, now: datetime, *, wanted: bool) -> bool:
    """Return whether the asset can be deleted, and update the tag that records when it was retired.

    The upload time can't be used instead: an old asset may have been in use until today.
    """
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}
    retired = tags.get(_RETIRED)
    if wanted:
        if retired:  # An older version of the site was deployed again.
            s3.delete_object_tagging(Bucket=bucket, Key=key)
        return False
    if retired is None:
        tag: Any = {"TagSet": [{"Key": _RETIRED, "Value": now.date().isoformat()}]}
        s3.put_object_tagging(Bucket=bucket, Key=key, Tagging=tag)
        return False
    return now.date() - datetime.fromisoformat(retired).date() > KEPT
