"""Lists a bucket or a folder of it and opens its objects; a failure becomes one error that says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import boto3
from botocore import exceptions as aws
from botocore.config import Config

from odp_cli.inference.errors import (
    ObjectUnreadableError,
    SourceAccessError,
    SourceNotFoundError,
    SourceUnreadableError,
    SourceUrlError,
)
from odp_cli.inference.landed_objects import LandedObject
from odp_cli.inference.ranged_object import buffered

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/(?P<folder>.*))?")
_DENIED = {
    *("AccessDenied", "AllAccessDisabled", "403", "Forbidden", "KMS.DisabledException", "KMS.NotFoundException"),
    *("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
}
_WITHOUT_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.TokenRetrievalError,
    aws.SSOError,
    aws.ProfileNotFound,
)
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class S3Location:
    """A bucket, or a folder in it whose name ends with a slash."""

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, url: str) -> S3Location:
        """Read `s3://bucket[/folder]`; a folder never matches its neighbours of a longer name.

        Raises:
            SourceUrlError: the text is none.
        """
        match = _URL.fullmatch(url)
        if match is None:
            message = (
                f"{url!r} is no source: write s3://bucket or s3://bucket/folder, with the bucket's name in lower case"
            )
            raise SourceUrlError(message)
        folder = (match["folder"] or "").strip("/")
        return cls(match["bucket"], f"{folder}/" if folder else "")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


class S3Source:
    """The landed objects of one location."""

    def __init__(self, location: S3Location, client: S3Client) -> None:
        self.location = location
        self._client = client

    def objects(self) -> list[LandedObject]:
        """List every object under the location.

        Raises:
            SourceNotFoundError: the bucket does not exist, or nothing lies there.
            SourceAccessError: listing is not allowed.
            SourceUnreadableError: S3 cannot be reached.
        """
        pages = self._client.get_paginator("list_objects_v2")
        with _explained(f"{self.location} cannot be listed", self.location.bucket, "s3:ListBucket"):
            found = [
                LandedObject(entry["Key"], entry["Size"], entry["LastModified"])
                for page in pages.paginate(Bucket=self.location.bucket, Prefix=self.location.prefix)
                for entry in page.get("Contents", [])
            ]
        if not found:
            message = (
                f"{self.location} holds no object; give the folder that the DMS task writes to "
                "(BucketFolder of its S3 endpoint, which precedes schema/table/), or wait for its first file"
            )
            raise SourceNotFoundError(message)
        return found

    def open(self, landed: LandedObject) -> BinaryIO:
        """Open one object for reads of ranges."""

        def fetch(start: int, end: int) -> bytes:
            bucket, key = self.location.bucket, landed.key
            what, permission = f"s3://{bucket}/{key} cannot be read", "s3:GetObject (and kms:Decrypt)"
            with _explained(what, bucket, permission, otherwise=ObjectUnreadableError):
                answer = self._client.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}")
                return answer["Body"].read()

        return buffered(landed.size, fetch)


def s3_source(url: str, client: S3Client | None = None) -> S3Source:
    """Open `s3://bucket[/folder]` with the caller's credentials.

    Raises:
        SourceUrlError: the address is malformed.
        SourceAccessError: the AWS profile asked for does not exist.
    """
    location = S3Location.parse(url)
    if client is None:
        settings = Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=_CONNECTIONS)
        with _explained(f"{location} cannot be opened", location.bucket, "s3:ListBucket"):
            client = boto3.client("s3", config=settings)
    return S3Source(location, client)


@contextmanager
def _explained(
    what: str, bucket: str, permission: str, *, otherwise: type[SourceUnreadableError] = SourceUnreadableError
) -> Iterator[None]:
    try:
        yield
    except aws.ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "NoSuchBucket":
            message = f"{what}: no bucket is named {bucket}; check the name, and that you are in the bucket's account"
            raise SourceNotFoundError(message) from error
        if code in _DENIED:
            message = f"{what}: AWS answers {code}; use credentials that may do {permission} there"
            raise SourceAccessError(message) from error
        raise otherwise(f"{what}: {error}") from error
    except _WITHOUT_CREDENTIALS as error:
        message = f"{what}: {error}; sign in (aws sso login), or set AWS_PROFILE to a profile that may do {permission}"
        raise SourceAccessError(message) from error
    except aws.BotoCoreError as error:
        message = f"{what}: {error}; check the network, AWS_REGION and AWS_ENDPOINT_URL, then try again"
        raise SourceUnreadableError(message) from error
