"""What a person approves together: files that have an approval in common, and wait for each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from odp.records import LandedFile


def whole_approvals(held: Sequence[LandedFile], file_ids: Collection[str]) -> set[str]:
    """Give the approvals that were begun, and of which every held file is one of these."""
    left = {file.approval for file in held if file.file_id not in file_ids}
    return {file.approval for file in held if file.approval} - left


def approval_of(held: Sequence[LandedFile], file_ids: Collection[str], new: str) -> str:
    """Give the approval for files that are approved together; what was interrupted goes on, a single file needs none.

    It does not go on if a person leaves some of its files out now: those would be waited for.
    """
    return min(whole_approvals(held, file_ids), default=new if len(file_ids) > 1 else "")
