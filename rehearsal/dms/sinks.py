"""Where the stand-in writes: a bucket through S3, or a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rehearsal.dms.endpoints import S3Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef


class Sink(Protocol):
    """Where files go."""

    def put(self, key: str, body: bytes) -> None:
        """Store one whole file; one of the same key is replaced."""

    def remove(self, prefix: str) -> None:
        """Remove every file whose key begins so."""


class S3Sink:
    """Puts objects as the endpoint's settings say: bucket, its expected owner, encryption."""

    def __init__(self, client: "S3Client", settings: S3Settings) -> None:
        self._client = client
        self._bucket: dict[str, Any] = {"Bucket": settings.bucket_name}
        if settings.expected_bucket_owner:
            self._bucket["ExpectedBucketOwner"] = settings.expected_bucket_owner
        self._encryption: dict[str, Any] = {"ServerSideEncryption": "AES256"}
        if settings.encryption_mode == "SSE_KMS":
            key = settings.server_side_encryption_kms_key_id
            self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}

    def put(self, key: str, body: bytes) -> None:
        """Store one object."""
        self._client.put_object(Key=key, Body=body, **self._bucket, **self._encryption)

    def remove(self, prefix: str) -> None:
        """Delete the objects one page after another."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Prefix=prefix, **self._bucket)
        for page in pages:
            keys: list[ObjectIdentifierTypeDef] = [{"Key": one["Key"]} for one in page.get("Contents", ())]
            if keys:
                self._client.delete_objects(Delete={"Objects": keys}, **self._bucket)


class FolderSink:
    """Writes files into a folder; a file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, body: bytes) -> None:
        """Store one file."""
        target = self._folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        arriving = target.parent / f".{target.name}"
        arriving.write_bytes(body)
        arriving.replace(target)

    def remove(self, prefix: str) -> None:
        """Delete the files below a folder."""
        for file in sorted(self._folder.glob(f"{prefix}**/*")):
            if file.is_file():
                file.unlink()
