"""What must be true of a table: at every moment, and when everything has settled."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from odp.records import FileType
from odp.refreshes import RefreshStatus, RowCounts

from rehearsal.torture.evidence import BookedFile, TableEvidence
from rehearsal.torture.replica import Replica

_EXAMPLES = 3


class Kind(StrEnum):
    """What can be wrong."""

    ROWS = "the rows are not those of the source"
    TWICE = "a file was applied or booked twice"
    PARTIAL = "a table was replaced by a part of a reload"
    SKIPPED = "a file was archived without being applied"
    LOST = "a file is in no book"
    PENDING = "a file stays pending"
    STATUS = "the status is wrong"
    COUNTS = "the history does not count what happened"
    QUARANTINE = "what is no file of DMS is not in quarantine"
    LEASE = "a run wrote without its lease"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def moment(table: TableEvidence, replica: Replica) -> Iterator[Finding]:
    """At every moment: a file of the history is in one commit, and no file is in two places or came from nowhere."""
    yield from _partial(table, replica)
    applied = Counter(file_id for commit in table.commits for file_id in commit.file_ids)
    pending = {file.file_id for file in table.pending}
    for file in table.history:
        if file.file_id not in applied and _is_current(file, table, replica):
            yield Finding(Kind.SKIPPED, f"{file.key} is in the history, but in no commit")
        if file.file_id in pending:
            yield Finding(Kind.TWICE, f"{file.key} is pending and in the history")
    if repeated := [file_id for file_id, times in applied.items() if times > 1]:
        yield Finding(Kind.TWICE, f"{len(repeated)} files were applied more than once")
    known = Counter((file.key, file.version_id) for file in (*table.pending, *table.history))
    if twice := [version for version, times in known.items() if times > 1]:
        yield Finding(Kind.TWICE, f"in the books more than once: {_some(twice)}")
    if unknown := known.keys() - table.landed:
        yield Finding(Kind.LOST, f"the books have files that never landed: {_some(unknown)}")


def _partial(table: TableEvidence, replica: Replica) -> Iterator[Finding]:
    """Nothing of a reload that is under way may be seen."""
    reloaded = table.commits[-1].file_ids if table.commits and table.commits[-1].is_reload else ()
    if replica.is_loading:
        parts = (file for file in (*table.pending, *table.history) if file.file_type == FileType.FULL_LOAD)
        applied = [file.key for file in parts if file.file_id in reloaded and _is_current(file, table, replica)]
        if applied:
            yield Finding(Kind.PARTIAL, f"{_some(applied)}, while {len(replica.unwritten)} parts are to come")


def verdict(table: TableEvidence, replica: Replica) -> Iterator[Finding]:
    """In the end: the lake equals the source, and the books agree with the files."""
    yield from moment(table, replica)
    if replica.is_broken:
        yield from _broken(table)
        return
    if table.pending:
        yield Finding(Kind.PENDING, _some(file.key for file in table.pending))
    known = {(file.key, file.version_id) for file in (*table.pending, *table.history)}
    if lost := table.readable - known:
        yield Finding(Kind.LOST, _some(lost))
    if table.landed and table.status is not RefreshStatus.COMPLETED:
        yield Finding(Kind.STATUS, f"{table.status or 'none'} instead of completed")
    yield from _rows(table, replica)
    yield from _counts(table)


def _rows(table: TableEvidence, replica: Replica) -> Iterator[Finding]:
    found = {replica.lake_key(row): replica.value(row) for row in table.rows}
    wanted = replica.expected()
    allowed = {key: [replica.value(row) for row in rows] for key, rows in replica.allowed().items()}
    if len(found) < len(table.rows):
        yield Finding(Kind.ROWS, f"{len(table.rows) - len(found)} are there more than once")
    differences = {
        "missing": [key for key in wanted if key not in found],
        "too many": [key for key in found if key not in allowed],
        "different": [key for key, row in found.items() if key in allowed and row not in allowed[key]],
    }
    for difference, keys in differences.items():
        if keys:
            yield Finding(Kind.ROWS, f"{len(keys)} {difference}: {_some(keys)}")


def _counts(table: TableEvidence) -> Iterator[Finding]:
    committed = sum((commit.counts for commit in table.commits), RowCounts())
    if table.told != committed:
        yield Finding(Kind.COUNTS, f"it tells of {table.told}, the commits of {committed}")
    reloads = [number for number, commit in enumerate(table.commits) if commit.is_reload]
    since = table.commits[reloads[-1] :] if reloads else table.commits
    net = sum(commit.counts.inserted - commit.counts.deleted for commit in since)
    if net != len(table.rows):
        yield Finding(Kind.COUNTS, f"inserted - deleted = {net}, but the table has {len(table.rows)} rows")


def _broken(table: TableEvidence) -> Iterator[Finding]:
    if table.status is not RefreshStatus.ERROR:
        yield Finding(Kind.STATUS, f"a file is broken, but the status is {table.status or 'none'}")
    if not any(file.file_type is FileType.CHANGES for file in table.pending):
        yield Finding(Kind.SKIPPED, "the broken file is not pending")


def _is_current(file: BookedFile, table: TableEvidence, replica: Replica) -> bool:
    return file.key in replica.of_generation and (file.key, file.version_id) in table.readable


def _some(things: Iterable[object]) -> str:
    examples = sorted(map(str, things))
    return ", ".join([*examples[:_EXAMPLES], *(["…"] if len(examples) > _EXAMPLES else [])])
