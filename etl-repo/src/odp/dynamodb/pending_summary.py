"""The pending summaries in odpf_file_tracker: one item for each table with pending files.

Each transaction that registers, moves, skips or holds files also updates the summary, so planning reads no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from odp.records import LandedFile
from odp.stored_format import FORMAT

SUMMARIES = "#pending"
"""The partition of the summaries; no source table has such a name."""

_NUMBERED = "SET #format = if_not_exists(#format, :format)"


def summary_key(source_table_name: str) -> dict[str, str]:
    """Give the key of a table's summary."""
    return {"source_table_name": SUMMARIES, "file_id": source_table_name}


def summary_update(
    pending_table: str, files: Sequence[LandedFile], *, registered: bool = False, left: bool = False
) -> dict[str, Any]:
    """Give the action that adds files to their table's summary, or subtracts them when they `left` the pending table.

    With `registered`, a refused table is planned again: files came, or a person removed some.
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
    """Give the action after which a refused table is planned again, because a person decided something."""
    return {
        "Update": {
            "TableName": pending_table,
            "Key": summary_key(source_table_name),
            "UpdateExpression": f"{_NUMBERED} ADD registrations :one",
            "ExpressionAttributeNames": {"#format": "format"},
            "ExpressionAttributeValues": {":format": FORMAT, ":one": 1},
        }
    }
