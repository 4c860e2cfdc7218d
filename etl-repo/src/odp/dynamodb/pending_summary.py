"""The items of odpf_file_tracker that sum what is pending, one for each table with pending files.

Whoever registers, moves, skips or holds files changes the sum in the same transaction, so planning reads no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from odp.records import LandedFile

SUMMARIES = "#pending"
"""Their partition; no source table has such a name."""


def summary_key(source_table_name: str) -> dict[str, str]:
    """Give the key of a table's sum."""
    return {"source_table_name": SUMMARIES, "file_id": source_table_name}


def lowered(pending_table: str, source_table_name: str, files: Sequence[LandedFile]) -> dict[str, Any]:
    """Give the action that takes files out of the sum of their table."""
    return {
        "Update": {
            "TableName": pending_table,
            "Key": summary_key(source_table_name),
            "UpdateExpression": "ADD #files :files, #bytes :bytes",
            "ExpressionAttributeNames": {"#files": "files", "#bytes": "bytes"},
            "ExpressionAttributeValues": {":files": -len(files), ":bytes": -sum(file.size for file in files)},
        }
    }
