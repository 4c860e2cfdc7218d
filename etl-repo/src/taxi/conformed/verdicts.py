"""Decides the outcome of a file by its counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from taxi.conformed.counts import FileCount
from taxi.conformed.selection import SourceFile
from taxi.datasets.dataset import Dataset
from taxi.records import FileOutcome, LoadStatus, MalformedRow


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The place of a file's malformed rows, and the first of them."""

    uri: str
    first: MalformedRow


def is_accepted(count: FileCount, dataset: Dataset) -> bool:
    """Whether a file's well-formed rows may be loaded: not if too many rows are malformed."""
    return count.malformed <= dataset.malformed_share_limit * count.rows


def outcome_of_refused(source: SourceFile, reason: str) -> FileOutcome:
    """Give the outcome of a file that could not be read."""
    return _unless_superseded(source, FileOutcome(source.file_id, LoadStatus.FAILED, error=reason))


def outcome_of_passing(source: SourceFile, reason: str) -> FileOutcome:
    """Give the outcome of a file after a transient failure, also if the file was replaced."""
    return FileOutcome(source.file_id, LoadStatus.PENDING, error=reason)


def outcome_of(source: SourceFile, count: FileCount, dataset: Dataset, kept: Quarantined | None) -> FileOutcome:
    """Give the outcome of a file that was read."""
    outcome = FileOutcome(
        source.file_id,
        LoadStatus.LOADED,
        rows_read=count.rows,
        rows_loaded=count.rows - count.malformed,
        rows_quarantined=count.malformed,
        quarantine=kept.uri if kept else "",
    )
    if not is_accepted(count, dataset):
        outcome = replace(outcome, status=LoadStatus.FAILED, rows_loaded=0, error=_too_many(count, dataset, kept))
    return _unless_superseded(source, outcome)


def _too_many(count: FileCount, dataset: Dataset, kept: Quarantined | None) -> str:
    first = f"; the first is line {kept.first.line}: {kept.first.reason}" if kept else ""
    return (
        f"{count.malformed:,} of {count.rows:,} rows are malformed, but at most {dataset.malformed_share_limit:.1%} "
        f"may be{first}; mend them and send the file again"
    )


def _unless_superseded(source: SourceFile, outcome: FileOutcome) -> FileOutcome:
    """Mark an entry as superseded if its object was replaced; the replacement has an entry of its own."""
    return replace(outcome, status=LoadStatus.SUPERSEDED, error="") if source.is_superseded else outcome
