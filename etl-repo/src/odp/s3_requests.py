"""The configuration request in the config bucket: the versions of one object."""

from __future__ import annotations

import boto3
from botocore.exceptions import ClientError

from odp.configuration import ConfigRequest

_GONE = {"404", "NoSuchKey", "NoSuchVersion"}


class S3ConfigRequests:
    """Reads requests by object version; the bucket expires old versions."""

    def __init__(self, bucket: str, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._s3 = boto3.client("s3")

    def newest(self) -> str | None:
        """Give the id of the newest request; None if there is none."""
        try:
            return self._s3.head_object(Bucket=self._bucket, Key=self._key)["VersionId"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise

    def read(self, request_id: str) -> ConfigRequest | None:
        """Read a request; None if the bucket no longer has it."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=self._key, VersionId=request_id)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        received_at = found["LastModified"].strftime("%Y-%m-%dT%H:%M:%SZ")
        return ConfigRequest(request_id, received_at, found["Body"].read())
