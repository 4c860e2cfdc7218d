"""What must be true of a table: at every moment, and when everything has settled."""

from collections import Counter
from collections.abc import Iterable, Iterator

from odp.records import FileType, RefreshStatus, RowCounts

from rehearsal.torture.evidence import TableEvidence
from rehearsal.torture.replica import Replica

_EXAMPLES = 3


def moment(table: TableEvidence) -> Iterator[str]:
    """At every moment: a file of the history is in one commit, and no file is in two places or came from nowhere."""
    applied = Counter(file_id for commit in table.commits for file_id in commit.file_ids)
    pending = {file.file_id for file in table.pending}
    for file in table.history:
        if file.file_id not in applied:
            yield f"{file.key} is in the history, but in no commit"
        if file.file_id in pending:
            yield f"{file.key} is pending and in the history"
    if repeated := [file_id for file_id, times in applied.items() if times > 1]:
        yield f"{len(repeated)} files were applied more than once"
    known = Counter((file.key, file.version_id or "") for file in (*table.pending, *table.history))
    if twice := [version for version, times in known.items() if times > 1]:
        yield f"{len(twice)} files are in the books more than once: {_some(twice)}"
    if unknown := known.keys() - table.landed:
        yield f"the books have files that never landed: {_some(unknown)}"


def verdict(table: TableEvidence, replica: Replica) -> Iterator[str]:
    """In the end: the lake equals the source, and the books agree with the files."""
    yield from moment(table)
    if replica.is_broken:
        yield from _broken(table)
        return
    if table.pending:
        yield f"{len(table.pending)} files are pending for ever: {_some(file.key for file in table.pending)}"
    known = {(file.key, file.version_id or "") for file in (*table.pending, *table.history)}
    if lost := table.landed - known:
        yield f"{len(lost)} files are in no book: {_some(lost)}"
    if table.landed and table.status is not RefreshStatus.COMPLETED:
        yield f"its status is {table.status or 'nowhere'}, not completed"
    yield from _rows(table, replica)
    yield from _counts(table)


def _rows(table: TableEvidence, replica: Replica) -> Iterator[str]:
    found = {replica.lake_key(row): replica.value(row) for row in table.rows}
    wanted = {key: replica.value(row) for key, row in replica.expected().items()}
    allowed = replica.allowed()
    if len(found) < len(table.rows):
        yield f"{len(table.rows) - len(found)} rows are in the lake more than once"
    kinds = {
        "missing": [key for key in wanted if key not in found],
        "too many": [key for key in found if key not in wanted and key not in allowed],
        "not as in the source": [key for key in wanted if key in found and found[key] != wanted[key]],
    }
    yield from (f"{len(keys)} rows {kind}: {_some(keys)}" for kind, keys in kinds.items() if keys)


def _counts(table: TableEvidence) -> Iterator[str]:
    committed = sum((commit.counts for commit in table.commits), RowCounts())
    if table.told != committed:
        yield f"the history tells of {table.told}, the commits of {committed}"
    reloads = [number for number, commit in enumerate(table.commits) if commit.is_reload]
    since = table.commits[reloads[-1] :] if reloads else table.commits
    net = sum(commit.counts.inserted - commit.counts.deleted for commit in since)
    if net != len(table.rows):
        yield f"inserted - deleted = {net}, but the table has {len(table.rows)} rows"


def _broken(table: TableEvidence) -> Iterator[str]:
    if table.status is not RefreshStatus.ERROR:
        yield f"it has a broken file, but its status is {table.status or 'nowhere'}"
    if not any(file.file_type is FileType.CHANGES for file in table.pending):
        yield "its broken file is not pending"


def _some(things: Iterable[object]) -> str:
    examples = sorted(map(str, things))
    return ", ".join([*examples[:_EXAMPLES], *(["…"] if len(examples) > _EXAMPLES else [])])
