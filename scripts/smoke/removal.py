"""Deletes objects for good: every version below a prefix."""

from __future__ import annotations

from typing import Any

from scripts.smoke.outcome import StepFailedError

AT_ONCE = 1000


def remove_objects(s3: Any, bucket: str, prefix: str) -> None:  # noqa: ANN401  boto3 makes clients at run time
    """Delete all versions and markers below a prefix.

    Raises:
        StepFailedError: S3 refused some of them.
    """
    refused: list[str] = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        versions = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]
        for start in range(0, len(versions), AT_ONCE):
            delete = {"Objects": versions[start : start + AT_ONCE], "Quiet": True}
            answer = s3.delete_objects(Bucket=bucket, Delete=delete)
            refused += [f"{error['Key']}: {error.get('Code', '')}" for error in answer.get("Errors", ())]
    if refused:
        raise StepFailedError(f"S3 refused to delete {len(refused)} versions below {prefix}, as {refused[0]}")
