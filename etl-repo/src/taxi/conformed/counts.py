"""Counts the rows of a file, malformed ones apart, and decides by that what becomes of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from taxi.conformed import bounds
from taxi.conformed.selection import SourceFile
from taxi.datasets.dataset import Dataset
from taxi.errors import SourceFileError
from taxi.records import FileOutcome, LoadStatus, MalformedRow

HEADER_LINE = 1


@dataclass(frozen=True, slots=True)
class SplitCount:
    """One part of a file that one task read: its start, the position of its first line, and its number of lines.

    `read_bytes` counts its lines without their ends, `file_bytes` the whole file; both are 0 in Parquet.
    """

    start: int
    first_position: int
    lines: int
    rows: int
    malformed: int
    read_bytes: int = 0
    file_bytes: int = 0


@dataclass(frozen=True, slots=True)
class FileCount:
    """The rows of one file, and for each part the offset from a position to the line in the file."""

    rows: int
    malformed: int
    has_header: bool
    offsets: Mapping[int, int]

    def line(self, split: int, position: int) -> int:
        """Return the line of a row, counted from 1."""
        return position + self.offsets[split]


def demand_read_whole(splits: Iterable[SplitCount]) -> None:
    """Refuse a file with too many lines, or with a line that was skipped because it is too long.

    Raises:
        SourceFileError: this is such a file.
    """
    found = list(splits)
    lines = sum(split.lines for split in found)
    bounds.demand_rows(lines)
    missing = max((split.file_bytes for split in found), default=0) - sum(split.read_bytes for split in found) - lines
    if missing >= bounds.READ_LINE_BYTES - 1:  # the last line may have no end
        message = f"the file has a line of more than {bounds.READ_LINE_BYTES - 1:,} bytes; is it a CSV file?"
        raise SourceFileError(message)


def count_csv(splits: Iterable[SplitCount]) -> FileCount:
    """Count the rows of a CSV file.

    The header was parsed like any other line. Its name of the day column is not a timestamp, so it counts as malformed.
    """
    offsets: dict[int, int] = {}
    rows = malformed = lines_before = 0
    for split in sorted(splits, key=lambda split: split.start):
        offsets[split.start] = lines_before + 1 - split.first_position
        lines_before += split.lines
        rows, malformed = rows + split.rows, malformed + split.malformed
    return FileCount(rows - 1, malformed - 1, has_header=True, offsets=offsets)


def count_parquet(splits: Iterable[SplitCount]) -> FileCount:
    """Count the rows of a Parquet file, in which positions count from 0 through the whole file."""
    found = list(splits)
    rows, malformed = sum(split.rows for split in found), sum(split.malformed for split in found)
    return FileCount(rows, malformed, has_header=False, offsets={split.start: 1 for split in found})


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The place of a file's malformed rows, and the first of them."""

    uri: str
    first: MalformedRow


def is_accepted(count: FileCount, dataset: Dataset) -> bool:
    """Whether a file's well-formed rows may be loaded: not if too many rows are malformed."""
    return count.malformed <= dataset.malformed_share_limit * count.rows


def outcome_of_refused(source: SourceFile, reason: str) -> FileOutcome:
    """Return the outcome of a file that could not be read."""
    return _unless_superseded(source, FileOutcome(source.file_id, LoadStatus.FAILED, error=reason))


def outcome_of_passing(source: SourceFile, reason: str) -> FileOutcome:
    """Return the outcome of a file after a transient failure, also if the file was replaced."""
    return FileOutcome(source.file_id, LoadStatus.PENDING, error=reason)


def outcome_of(source: SourceFile, count: FileCount, dataset: Dataset, kept: Quarantined | None) -> FileOutcome:
    """Return the outcome of a file that was read."""
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
