"""Files of reports in their bucket. Their keys contain no personal data, and the files expire within days."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from referral_intake.aws.error_translation import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
# A part may be written twice: the later one counts. So the SDK may retry every request.
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 3},
    signature_version="s3v4",
    # Presigned URLs otherwise name S3's global host, which answers with an error for buckets in newer regions.
    s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    # S3 rejects a part with a checksum if the upload was created without one. The SDK creates uploads without one.
    request_checksum_calculation="when_required",
)
# The upload was aborted, or a part does not match the recorded ETag.
_LOST_UPLOAD_CODES = frozenset({"NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"})


def client() -> "S3Client":
    return boto3.client("s3", config=_CONFIG)


class LostUpload(Exception):
    """The uploaded parts are lost. The file must be made again from the start."""


class ReportFiles:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def create_upload(self, key: str, name: str) -> str:
        """Create a multipart upload and return its id."""
        with translate_errors():
            answer = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, **_headers(name))
        return answer["UploadId"]

    def upload_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        """Upload one part of at least 5 MiB, unless it is the last. Return its ETag. Raise LostUpload."""
        with translate_errors(), _translate_lost_upload():
            return self._client.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload, PartNumber=number, Body=data
            )["ETag"]

    def complete_upload(self, key: str, upload: str, etags: Sequence[str]) -> None:
        """Make one file of exactly these parts. Raise LostUpload. The call can be repeated."""
        parts: Any = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags, start=1)]
        try:
            with translate_errors(), _translate_lost_upload():
                self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
                )
        except LostUpload:
            if not self._exists(key):
                raise

    def put(self, key: str, data: bytes | IO[bytes], name: str) -> None:
        with translate_errors():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data, **_headers(name))

    def save_state(self, key: str, data: bytes) -> None:
        """Store data for the next run."""
        with translate_errors():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data)

    def load_state(self, key: str) -> bytes:
        with translate_errors():
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def url(self, key: str, seconds: int) -> str:
        """Return a presigned URL, which downloads the file without sign-in for this time."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )

    def _exists(self, key: str) -> bool:
        with translate_errors():
            try:
                self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                # The answer to HEAD has no body, so its code is the status. Without s3:ListBucket, it is 403.
                if error.response["Error"]["Code"] in {"403", "404"}:
                    return False
                raise
        return True


def _headers(name: str) -> Any:
    # A name consists of a campaign's name and a day, so it needs no quoting.
    return {
        "ContentType": CONTENT_TYPES[name.rpartition(".")[2]],
        "ContentDisposition": f'attachment; filename="{name}"',
        "CacheControl": "private, no-store",
    }


@contextmanager
def _translate_lost_upload() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _LOST_UPLOAD_CODES:
            raise LostUpload(error.response["Error"]["Code"]) from error
        raise
