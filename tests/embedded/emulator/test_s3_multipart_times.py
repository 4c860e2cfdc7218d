"""A listing has the time at which an upload in parts began, for the object and for its version."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_an_object_is_as_old_as_the_beginning_of_its_upload(
    aws: Callable[[str], Any], bucket: str, status: str
) -> None:
    s3, named = aws("s3"), {"Bucket": bucket, "Key": "key"}
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
    upload = s3.create_multipart_upload(**named)["UploadId"]
    began = datetime.now(UTC)
    part = s3.upload_part(**named, UploadId=upload, PartNumber=1, Body=b"x")
    time.sleep(3)
    s3.put_object(Bucket=bucket, Key="meanwhile", Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload=parts)
    s3.put_object(Bucket=bucket, Key="later", Body=b"x")
    listed = {each["Key"]: each["LastModified"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    versions = {each["Key"]: each["LastModified"] for each in s3.list_object_versions(Bucket=bucket)["Versions"]}
    for times in (listed, versions, {**listed, "key": s3.head_object(**named)["LastModified"]}):
        assert (times["key"] - began).total_seconds() < 2
        assert times["key"] < times["meanwhile"] <= times["later"]
