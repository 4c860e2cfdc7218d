"""Reads the snapshots of an Iceberg table: the proofs in them, and what each did; forgets the old ones."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lake.spark_session import elements
from lake.tables.change import Commit
from lake.tables.columns import Columns
from lake.tables.iceberg.options import (
    KEPT_SNAPSHOTS,
    MAX_AGE,
    MIN_SNAPSHOTS,
    MOST_SNAPSHOTS,
    QUERY_MS,
    TIME_TRAVEL_MS,
)
from lake.tables.iceberg.proof import commit_time_of, has_proof, read_fence, read_proof
from lake.tables.iceberg.schema import table_columns


def history(table: Any) -> Iterator[Any]:  # noqa: ANN401 - a Java object
    """Give the snapshots that led to the present state, the newest first, as far back as they are kept."""
    snapshot = table.currentSnapshot()
    while snapshot is not None:
        yield snapshot
        parent = snapshot.parentId()
        snapshot = None if parent is None else table.snapshot(parent)


def expire_old_snapshots(table: Any) -> None:  # noqa: ANN401
    """Forget the snapshots that the table keeps no longer (by default after five days), and delete their files."""
    table.refresh()
    table.expireSnapshots().commit()


def forget_old_snapshots(table: Any) -> None:  # noqa: ANN401
    """Forget the snapshots that a merged table keeps no longer, by its properties and by their number.

    Each commit writes the list of all snapshots anew, so a table that is refreshed each minute keeps some only. The age
    of a snapshot begins when the next one follows: until then it is what queries read.
    """
    table.refresh()
    properties = _texts(table.properties())
    _expire(
        table,
        int(properties.get(MAX_AGE, TIME_TRAVEL_MS)),
        int(properties.get(MIN_SNAPSHOTS, KEPT_SNAPSHOTS)),
    )
    if len(list(elements(table.snapshots()))) > MOST_SNAPSHOTS:
        _expire(table, QUERY_MS, MOST_SNAPSHOTS)


def _expire(table: Any, age_ms: int, kept: int) -> None:  # noqa: ANN401
    times = [int(snapshot.timestampMillis()) for snapshot in elements(table.snapshots())]
    before = [time for time in times if time <= max(times) - age_ms]
    if before:
        table.expireSnapshots().expireOlderThan(max(before)).retainLast(kept).commit()


def newest_change(table: Any) -> Commit | None:  # noqa: ANN401
    """Read the newest snapshot that carries a proof; other writers' snapshots, such as compactions, carry none."""
    properties = _texts(table.properties())
    for snapshot in history(table):
        if found := read_proof(_texts(snapshot.summary()), properties):
            return Commit(commit_time(snapshot), *found)
    return None


def newest_fence(table: Any) -> int:  # noqa: ANN401
    """Read the fencing token of the newest snapshot that carries a proof; 0 if there is none, or no table."""
    for snapshot in history(table) if table else ():
        summary = _texts(snapshot.summary())
        if has_proof(summary):
            return read_fence(summary)
    return 0


def _texts(entries: Any) -> dict[str, str]:  # noqa: ANN401
    return {str(entry.getKey()): str(entry.getValue()) for entry in elements(entries.entrySet())}


def commit_time(snapshot: Any) -> str:  # noqa: ANN401
    """Give the time of a commit, by which the commits of a table sort."""
    return commit_time_of(int(snapshot.sequenceNumber()))


def columns_as_of(table: Any, snapshot: Any) -> Columns:  # noqa: ANN401
    """Give the columns that a snapshot was written in; those added since have no rows yet."""
    return columns_of(table.schemas().get(snapshot.schemaId()))


def columns_of(schema: Any) -> Columns:  # noqa: ANN401
    """Give the columns of a schema."""
    return table_columns((str(field.name()), str(field.type().toString())) for field in elements(schema.columns()))


# Writes of several steps: on a branch, which one commit of the catalog then makes the table's state.


_MAIN, _LOAD = "main", "load_"


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of one table; `table` is Iceberg's own, a Java object."""

    table: Any
    name: str

    def sql(self, table_sql: str) -> str:
        """Name the branch in SQL, as a table that can be written."""
        return f"{table_sql}.`branch_{self.name}`"

    def publish(self) -> None:
        """Move the table to the branch; refused if the table is not what it was when the branch began."""
        self.table.refresh()
        self.table.manageSnapshots().fastForwardBranch(_MAIN, self.name).removeBranch(self.name).commit()


def begin_branch(table: Any) -> Branch:  # noqa: ANN401 - a Java object
    """Begin a branch where the table is now, and remove those that runs before left behind."""
    references = table.manageSnapshots()
    for name in elements(table.refs().keySet()):
        if name.startswith(_LOAD):
            references.removeBranch(name)
    name = f"{_LOAD}{uuid.uuid4().hex}"
    references.createBranch(name).commit()
    return Branch(table, name)
