"""The checks of a table, during a history and at its end."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rehearsal.source.dms import CHANGE_SEQUENCE
from rehearsal.torture.evidence import APPLIED, COMPLETED, FAILED, IN_DOUBT, SKIPPED, Counts, Row, TableEvidence
from rehearsal.torture.reference_model import LOADED, VERSION, ReferenceModel
from rehearsal.torture.source_table import Key

_EXAMPLES = 3


class Kind(StrEnum):
    """What can be wrong."""

    ROWS = "the rows are not those of the source"
    TWICE = "a file was applied or recorded twice"
    PARTIAL = "a table was replaced by a part of a reload"
    SKIPPED = "a file was archived without being applied"
    LOST = "a file is missing from the ledger"
    PENDING = "a file stays pending"
    STATUS = "the status is wrong"
    COUNTS = "the history does not count what happened"
    QUARANTINE = "what is no file of DMS is not in quarantine"
    LEASE = "a run wrote without its lease"
    EPOCH = "a run wrote under an epoch that it saw to be over"
    BOUND = "a refresh read more than it may"
    CADENCE = "two executions of a cadence ran at once"
    DEFECT = "a refresh failed by a defect"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def moment(table: TableEvidence, replica: ReferenceModel) -> Iterator[Finding]:
    """At every moment: an applied file is in one commit, and no file is in two places or came from nowhere."""
    yield from _partial(table, replica)
    applied = Counter(file_id for commit in table.commits for file_id in commit.file_ids)
    pending = {file.file_id for file in table.pending}
    for file in table.history:
        if file.status == APPLIED and file.file_id not in applied:
            yield Finding(Kind.SKIPPED, f"{file.key} counts as applied, but is in no commit")
        if file.status != APPLIED and not file.reason:
            yield Finding(Kind.SKIPPED, f"{file.key} is {file.status} without a reason")
        if file.file_id in pending:
            yield Finding(Kind.TWICE, f"{file.key} is pending and in the history")
    if repeated := [file_id for file_id, times in applied.items() if times > 1]:
        yield Finding(Kind.TWICE, f"{len(repeated)} files were applied more than once")
    known = Counter((file.key, file.version_id) for file in (*table.pending, *table.history))
    if twice := [version for version, times in known.items() if times > 1]:
        yield Finding(Kind.TWICE, f"in the ledger more than once: {_some(twice)}")
    if unknown := known.keys() - table.landed:
        yield Finding(Kind.LOST, f"the ledger has files that never landed: {_some(unknown)}")


def _partial(table: TableEvidence, replica: ReferenceModel) -> Iterator[Finding]:
    """Nothing of a reload that is under way may be seen."""
    reloaded = table.commits[-1].file_ids if table.commits and table.commits[-1].is_reload else frozenset()
    if replica.is_loading and reloaded:
        to_come = {part.key for part in replica.unwritten}
        written = set(replica.newest_load) - to_come
        parts = (file for file in (*table.pending, *table.history) if file.is_load and file.file_id in reloaded)
        applied = [file.key for file in parts if file.key in written and (file.key, file.version_id) in table.readable]
        if applied:
            yield Finding(Kind.PARTIAL, f"{_some(applied)}, while {len(replica.unwritten)} parts are to come")


def verdict(table: TableEvidence, replica: ReferenceModel) -> Iterator[Finding]:
    """In the end: the lake equals the source, and the ledger agrees with the files."""
    yield from moment(table, replica)
    is_refused = table.status == FAILED and (replica.is_broken or replica.may_be_broken)
    if is_refused or (replica.is_broken and not replica.broken_is_deleted):
        yield from _broken(table)
        return
    if table.pending:
        yield Finding(Kind.PENDING, _some(file.key for file in table.pending))
    known = {(file.key, file.version_id) for file in (*table.pending, *table.history)}
    if lost := table.readable - known:
        yield Finding(Kind.LOST, _some(lost))
    # after a person skipped what alone was pending, no run has anything to do
    is_left = bool(replica.skips) and table.status == FAILED
    if table.landed and table.status != COMPLETED and not is_left:
        yield Finding(Kind.STATUS, f"{table.status or 'none'} instead of completed")
    yield from _versions(table, replica) if replica.kind.is_historical else _rows(table, replica)
    yield from _counts(table, replica)


def _rows(table: TableEvidence, replica: ReferenceModel) -> Iterator[Finding]:
    found = {replica.key_of(row): replica.value(row) for row in table.rows}
    wanted = {key: replica.value(row) for key, row in replica.source.rows.items() if key not in replica.lost}
    if len(found) < len(table.rows):
        yield Finding(Kind.ROWS, f"{len(table.rows) - len(found)} are there more than once")
    excused = replica.lost if replica.dms.before_images else replica.lost | replica.ghosts
    differences = {
        "missing": [key for key in wanted if key not in found],
        "too many": [key for key in found if key not in replica.source.rows and key not in excused],
        "different": [key for key, row in found.items() if key in wanted and row != wanted[key]],
    }
    yield from _differences(differences)


def _versions(table: TableEvidence, replica: ReferenceModel) -> Iterator[Finding]:
    """A historical table keeps every version that DMS wrote, and its newest version of each key is the source's row.

    A row of a load that is as it was gets no version of its own, so of loads the values are asked for.
    """
    by_key: dict[Key, list[Row]] = defaultdict(list)
    for row in table.rows:
        by_key[replica.key_of(row)].append(row)
    of_changes = (row for row in table.rows if LOADED not in str(row[VERSION]))
    values = {(replica.key_of(row), row[CHANGE_SEQUENCE]): replica.value(row) for row in of_changes}
    required = {key: row for key, row in replica.required_versions().items() if key[0] not in replica.lost}
    deletes = {key for key, row in required.items() if replica.is_delete(row)}
    by_version = Counter((replica.key_of(row), str(row[VERSION])) for row in table.rows)
    newest = {key: max(rows, key=lambda row: str(row[VERSION])) for key, rows in by_key.items()}
    source, excused = replica.source.rows, replica.lost | replica.ghosts
    gone = [key for key, row in newest.items() if key not in source and not replica.is_delete(row)]
    differences = {
        "versions missing": [key for key in required if key not in values],
        "versions of loads missing": _missing_of_loads(table, replica, by_key),
        "versions twice": [key for key, times in by_version.items() if times > 1],
        "versions different": [
            key
            for key, row in required.items()
            if key in values and key not in deletes and values[key] != replica.value(row)
        ],
        "rows missing": [key for key in source if key not in by_key and key not in excused],
        "rows not marked as deleted": [key for key in gone if key not in excused and not replica.diverged],
        "newest versions different": [
            key
            for key, row in newest.items()
            if key in source and key not in excused and _is_other(replica, row, source[key])
        ],
    }
    yield from _differences(differences)


def _missing_of_loads(table: TableEvidence, replica: ReferenceModel, by_key: Mapping[Key, Sequence[Row]]) -> list[Key]:
    """The keys of rows of applied parts that no version of the key is like.

    Who overwrites a part during a commit puts rows of the next load into this one, over those that have their keys.
    """
    in_doubt = {file.key for file in table.history if IN_DOUBT in file.reason}
    excused = {replica.key_of(row) for row in replica.rows_of_parts(in_doubt)}
    applied = [(file.key, file.version_id) for file in table.history if file.status == APPLIED]
    loaded = [(replica.key_of(row), replica.value(row)) for row in replica.loaded_rows(applied)]
    versions = {key: [replica.value(row) for row in rows if not replica.is_delete(row)] for key, rows in by_key.items()}
    return [key for key, value in loaded if value not in versions.get(key, ()) and key not in excused]


def _is_other(replica: ReferenceModel, row: Row, of_source: Row) -> bool:
    return replica.is_delete(row) or replica.value(row) != replica.value(of_source)


def _differences(differences: dict[str, list[object]] | dict[str, list[Key]]) -> Iterator[Finding]:
    for difference, keys in differences.items():
        if keys:
            yield Finding(Kind.ROWS, f"{len(keys)} {difference}: {_some(keys)}")


def _counts(table: TableEvidence, replica: ReferenceModel) -> Iterator[Finding]:
    committed = sum((commit.counts for commit in table.commits), Counts())
    if table.told != committed:
        yield Finding(Kind.COUNTS, f"it tells of {table.told}, the commits of {committed}")
    if replica.kind.is_historical and committed.unexpected:
        yield Finding(Kind.COUNTS, f"{committed.unexpected} updates of unknown keys, though each version is a row")
    replaced = [number for number, commit in enumerate(table.commits) if commit.is_reload]
    reloads = [] if replica.kind.is_historical else replaced
    since = table.commits[reloads[-1] :] if reloads else table.commits
    net = sum(commit.counts.inserted - commit.counts.deleted for commit in since)
    if net != len(table.rows):
        yield Finding(Kind.COUNTS, f"inserted - deleted = {net}, but the table has {len(table.rows)} rows")


def _broken(table: TableEvidence) -> Iterator[Finding]:
    if table.status != FAILED:
        yield Finding(Kind.STATUS, f"a file is broken, but the status is {table.status or 'none'}")
    if not any(not file.is_load for file in table.pending):
        skipped = any(file.status == SKIPPED and not file.is_load for file in table.history)
        yield Finding(Kind.SKIPPED, f"the broken file is not pending{', but skipped' if skipped else ''}")


def _some(things: Iterable[object]) -> str:
    examples = sorted(map(str, things))
    return ", ".join([*examples[:_EXAMPLES], *(["…"] if len(examples) > _EXAMPLES else [])])
