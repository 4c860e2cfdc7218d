"""Approvals of several files at once: such files have one approval, and wait for each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from odp.records import LandedFile


def whole_approvals(held: Sequence[LandedFile], file_ids: Collection[str]) -> set[str]:
    """Give the begun approvals whose held files are all among the given ones."""
    left = {file.approval for file in held if file.file_id not in file_ids}
    return {file.approval for file in held if file.approval} - left


def approval_of(held: Sequence[LandedFile], file_ids: Collection[str], new: str) -> str:
    """Give the approval of files that are approved together: an interrupted one continues, a single file needs none.

    It does not continue if a person leaves some of its files out now: the others would wait for these.
    """
    return min(whole_approvals(held, file_ids), default=new if len(file_ids) > 1 else "")
