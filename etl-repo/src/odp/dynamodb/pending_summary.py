"""The items of odpf_file_tracker that sum what is pending, one for each table with pending files.

Whoever registers, moves, skips or holds files changes the sum in the same transaction, so planning reads no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from odp.records import LandedFile
from odp.stored_format import FORMAT

SUMMARIES = "#pending"
"""Their partition; no source table has such a name."""

_NUMBERED = "SET #format = if_not_exists(#format, :format)"


def summary_key(source_table_name: str) -> dict[str, str]:
    """Give the key of a table's sum."""
    return {"source_table_name": SUMMARIES, "file_id": source_table_name}


def summary_update(
    pending_table: str, files: Sequence[LandedFile], *, registered: bool = False, left: bool = False
) -> dict[str, Any]:
    """Give the action that counts files of one table in or, when they `left` the pending table, out.

    `registered` has a table that was refused planned again, whether files came or a person took them away.
    """
    sign = -1 if left else 1
    values = {":format": FORMAT, ":files": sign * len(files), ":bytes": sign * sum(file.size for file in files)}
    added = "files :files, #bytes :bytes"
    if registered:
        values[":registrations"] = len(files)
        added += ", registrations :registrations"
    return {
        "Update": {
            "TableName": pending_table,
            "Key": summary_key(files[0].source_table_name),
            "UpdateExpression": f"{_NUMBERED} ADD {added}",
            "ExpressionAttributeNames": {"#bytes": "bytes", "#format": "format"},
            "ExpressionAttributeValues": values,
        }
    }


def decision_noted(pending_table: str, source_table_name: str) -> dict[str, Any]:
    """Give the action by which a table that was refused is planned again, since a person decided something."""
    return {
        "Update": {
            "TableName": pending_table,
            "Key": summary_key(source_table_name),
            "UpdateExpression": f"{_NUMBERED} ADD registrations :one",
            "ExpressionAttributeNames": {"#format": "format"},
            "ExpressionAttributeValues": {":format": FORMAT, ":one": 1},
        }
    }
