"""Reads a Hudi table's commits from their files in S3, without Hudi."""

import json
from collections.abc import Iterator
from typing import Any

from odp.file_processor.apply.commit_proof import FILE_IDS

from rehearsal.torture.evidence import CommitEvidence, Counts

_COMMITS = (".commit", ".deltacommit", ".replacecommit")


def commits(s3: Any, bucket: str, table: str) -> Iterator[CommitEvidence]:  # noqa: ANN401 - a boto3 client
    """The completed commits of the framework, the oldest first."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{table}/.hoodie/")
    keys = sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))
    for key in keys:
        if key.endswith(_COMMITS):
            found = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            if file_ids := found.get("extraMetadata", {}).get(FILE_IDS):
                is_reload = key.endswith(".replacecommit")
                yield CommitEvidence(frozenset(json.loads(file_ids)), _counts(found), is_reload)


def _counts(commit: dict[str, Any]) -> Counts:
    statistics = [stat for stats in commit["partitionToWriteStats"].values() for stat in stats]
    names = ("numInserts", "numUpdateWrites", "numDeletes")
    inserted, updated, deleted = (sum(stat[name] for stat in statistics) for name in names)
    # a file group that begins with a commit held no row to delete
    of_unknown = sum(stat["numDeletes"] for stat in statistics if stat["prevCommit"] == "null")
    return Counts(inserted, updated, deleted - of_unknown)
