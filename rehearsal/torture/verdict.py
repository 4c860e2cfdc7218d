"""What must be true of a lake: at every moment, and when everything has settled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from odp.records import FileType, RefreshKind, RefreshStatus, RowCounts

from rehearsal.torture.memory.lake import MemoryLake
from rehearsal.torture.memory.writer import StoredTable
from rehearsal.torture.replica import Replica

_EXAMPLES = 3


def moment(lake: MemoryLake) -> Iterator[str]:
    """At every moment: what the history says was applied is in a commit, and no file is in two places or in two commits."""
    commits = [commit for table in lake.tables.values() for commit in table.commits]
    applied = Counter(file_id for commit in commits for file_id in commit.refresh.file_ids)
    for file_id, file in lake.ledger.history.items():
        if file_id not in applied:
            yield f"{file.key} is in the history, but in no commit"
        if file_id in lake.ledger.pending:
            yield f"{file.key} is pending and in the history"
    for file_id, times in applied.items():
        if times > 1:
            yield f"file {file_id} was applied {times} times"


def verdict(lake: MemoryLake, replicas: Sequence[Replica]) -> Iterator[str]:
    """In the end: the lake equals the source, and the books agree with the files."""
    yield from lake.violations
    yield from moment(lake)
    for replica in replicas:
        if replica.is_broken:
            yield from _broken(lake, replica)
        else:
            yield from _files(lake, replica)
            yield from _status(lake, replica)
            yield from _rows(lake, replica)
            yield from _counts(lake, replica)


def _rows(lake: MemoryLake, replica: Replica) -> Iterator[str]:
    rows = list(_table(lake, replica).content.rows())
    found = {replica.lake_key(row): replica.value(row) for row in rows}
    wanted = {key: replica.value(row) for key, row in replica.expected().items()}
    allowed = replica.allowed()
    if len(found) < len(rows):
        yield f"{replica.name}: {len(rows) - len(found)} keys are in the lake more than once"
    missing = [key for key in wanted if key not in found]
    surplus = [key for key in found if key not in wanted and key not in allowed]
    other = [key for key in wanted if key in found and found[key] != wanted[key]]
    for kind, keys in (("missing", missing), ("too many", surplus), ("not as in the source", other)):
        if keys:
            yield f"{replica.name}: {len(keys)} rows {kind}: {keys[:_EXAMPLES]}"


def _files(lake: MemoryLake, replica: Replica) -> Iterator[str]:
    landed = {
        (version.file.key, version.version_id)
        for version in lake.staging.versions
        if f"/{replica.name}/" in f"/{version.file.key}"
    }
    files = [
        file for file in lake.ledger.history.values() if file.source_table_name == replica.config.source_table_name
    ]
    done = Counter((file.key, file.version_id) for file in files)
    pending = lake.ledger.pending_files(replica.config.source_table_name)
    if pending:
        yield f"{replica.name}: {len(pending)} files are pending for ever: {[file.key for file in pending][:_EXAMPLES]}"
    known = {(file.key, file.version_id) for file in pending}
    if lost := landed - set(done) - known:
        yield f"{replica.name}: {len(lost)} files are in no book: {sorted(lost)[:_EXAMPLES]}"
    if repeated := [version for version, times in done.items() if times > 1]:
        yield f"{replica.name}: {len(repeated)} files are in the history more than once: {repeated[:_EXAMPLES]}"
    if unknown := set(done) - landed:
        yield f"{replica.name}: the history has files that never landed: {sorted(map(str, unknown))[:_EXAMPLES]}"


def _status(lake: MemoryLake, replica: Replica) -> Iterator[str]:
    item = lake.leases.items.get(replica.config.qualified_name)
    if item and item.status is not RefreshStatus.COMPLETED:
        yield f"{replica.name}: its status is {item.status}, not completed"


def _counts(lake: MemoryLake, replica: Replica) -> Iterator[str]:
    table, name = _table(lake, replica), replica.config.qualified_name
    committed = sum((commit.counts for commit in table.commits), RowCounts())
    told = sum((outcome.counts for outcome in lake.leases.outcomes if outcome.qualified_name == name), RowCounts())
    if told != committed:
        yield f"{replica.name}: the history tells of {told}, the commits of {committed}"
    reloads = [number for number, commit in enumerate(table.commits) if commit.refresh.kind is RefreshKind.RELOAD]
    since = table.commits[reloads[-1] :] if reloads else table.commits
    net = sum(commit.counts.inserted - commit.counts.deleted for commit in since)
    if net != (rows := len(list(table.content.rows()))):
        yield f"{replica.name}: inserted - deleted = {net}, but the table has {rows} rows"


def _broken(lake: MemoryLake, replica: Replica) -> Iterator[str]:
    item = lake.leases.items.get(replica.config.qualified_name)
    if item is None or item.status is not RefreshStatus.ERROR:
        yield f"{replica.name} has a broken file, but its status is {item.status if item else 'none'}"
    pending = lake.ledger.pending_files(replica.config.source_table_name)
    if not any(file.file_type is FileType.CHANGES for file in pending):
        yield f"{replica.name}: the broken file is not pending"


def _table(lake: MemoryLake, replica: Replica) -> StoredTable:
    return lake.tables.get(replica.config.qualified_name, StoredTable())
