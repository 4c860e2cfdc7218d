"""Reads the snapshots of an Iceberg table: the proofs in them, and what each did; forgets the old ones."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from lake.spark_session import elements
from lake.tables.change import PROOF_PREFIX, Commit, Proof, WrittenRows
from lake.tables.columns import Columns
from lake.tables.iceberg.schema import table_columns

_WRITTEN = "lake.written-rows"
"""The entry of a snapshot's summary that counts rows; Iceberg's own counts are those of rewritten data files."""


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


def summary_of(proof: Proof, rows: WrittenRows) -> dict[str, str]:
    """Give the entries of a snapshot's summary that keep a proof."""
    return {**proof, _WRITTEN: json.dumps(asdict(rows))} if proof else {}


def newest_change(table: Any) -> Commit | None:  # noqa: ANN401
    """Read the newest snapshot that carries a proof."""
    for snapshot in history(table):
        summary = {str(entry.getKey()): str(entry.getValue()) for entry in elements(snapshot.summary().entrySet())}
        if proof := {name: value for name, value in summary.items() if name.startswith(PROOF_PREFIX)}:
            return Commit(commit_time(snapshot), proof, WrittenRows(**json.loads(summary[_WRITTEN])))
    return None


def commit_time(snapshot: Any) -> str:  # noqa: ANN401
    """Give a text that sorts as the commits of the table: clocks of two writers may differ."""
    return f"{snapshot.sequenceNumber():020d}"


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
