"""What becomes of a file by what was found in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from taxi.conformed.counts import FileCount
from taxi.conformed.selection import SourceFile
from taxi.datasets.dataset import Dataset
from taxi.records import FileOutcome, LoadStatus, MalformedRow


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Where the malformed rows of a file are kept, and the first of them."""

    uri: str
    first: MalformedRow


def is_accepted(count: FileCount, dataset: Dataset) -> bool:
    """Tell whether a file's sound rows may be loaded: not when too many of its rows are malformed."""
    return count.malformed <= dataset.malformed_share_limit * count.rows


def outcome_of_refused(source: SourceFile, reason: str) -> FileOutcome:
    """Tell what became of a file that could not be read."""
    return _unless_superseded(source, FileOutcome(source.file_id, LoadStatus.FAILED, error=reason))


def outcome_of_passing(source: SourceFile, reason: str) -> FileOutcome:
    """Tell of a file that could not be read this time, also of one that was replaced: its rows are still to come."""
    return FileOutcome(source.file_id, LoadStatus.PENDING, error=reason)


def outcome_of(source: SourceFile, count: FileCount, dataset: Dataset, kept: Quarantined | None) -> FileOutcome:
    """Tell what became of a file that was read."""
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
    """What landed as this entry was replaced; the entry of what replaced it will tell how that ended."""
    return replace(outcome, status=LoadStatus.SUPERSEDED, error="") if source.is_superseded else outcome
