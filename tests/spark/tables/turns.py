"""One table on which Spark and the native engine take turns, what it must hold, and what readers find in it.

What the table must hold is a plain dictionary of rows; pyiceberg and duckdb read it besides Spark.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from lake.spark_session import java_class
from lake.tables.change import ChangeKind, Commit, StoredTable, TableChange, TableDefinition
from lake.tables.format import Table
from lake.tables.iceberg.table import IcebergTable
from tests.spark.tables.native import Catalogs, NativeInSpark
from tests.unit.lake.iceberg_native.lake import SCHEMA, columns

Row = tuple[Any, ...]
ENGINES = ("native", "spark")
_WIDER = "Op string, ID bigint, V bigint, REGION string, NOTE string, PRICE decimal(8,2)"
SCHEMAS = (SCHEMA, f"{SCHEMA}, NOTE string", _WIDER)
"""A column comes, then V becomes wider in place and another column comes."""
VALUES: Mapping[str, list[Any]] = {
    "V": [0, 7, None, -1],
    "REGION": ["a", "b/c=%é'", "", None],
    "NOTE": ["x", None],
    "PRICE": [Decimal("2.50"), None],
}


@dataclass
class Turns:
    """One table, the engine of each change, and the rows that it must hold by their key."""

    catalogs: Catalogs
    definition: TableDefinition
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)

    def opened(self, engine: str) -> Table:
        if engine == "native":
            return NativeInSpark(self.catalogs, self.definition)
        return IcebergTable(self.catalogs.spark, self.definition)

    def change(
        self, engine: str, rows: list[Row], schema: str, kind: ChangeKind = ChangeKind.MERGE, **more: Any
    ) -> Table:
        """Apply rows by one engine; gives the table as that engine opened it."""
        frame = self.catalogs.spark.createDataFrame(rows, schema)
        table = self.opened(engine)
        known = frame if table.existing() and kind is ChangeKind.MERGE else None
        proof = more.pop("proof", {"odp.file_ids": '["f"]'})
        check_lease = more.pop("check_lease", lambda: None)
        table.apply(TableChange(kind, frame, columns(schema), proof, known, **more), check_lease)
        self.hand_over(engine)
        return table

    def hand_over(self, engine: str) -> None:
        if engine == "spark":
            self.catalogs.to_native(self.definition.database, self.definition.name)

    def compact(self) -> None:
        """Write the rows again by Iceberg's own action, as the Data Catalog's optimizer does, without a proof."""
        spark, name = self.catalogs.spark, f"{self.catalogs.name}.{self.definition.qualified_name}"
        table = java_class(spark, "org.apache.iceberg.spark.Spark3Util").loadIcebergTable(spark._jsparkSession, name)
        actions = java_class(spark, "org.apache.iceberg.spark.actions.SparkActions").get(spark._jsparkSession)
        actions.rewriteDataFiles(table).option("rewrite-all", "true").execute()
        table.refresh()
        assert table.currentSnapshot().operation() == "replace"
        table.expireSnapshots().commit()  # as the optimizer of retention does: by the table's own properties
        self.hand_over("spark")

    def expect(self, rows: list[Row], schema: str, kind: ChangeKind) -> None:
        """Do to the dictionary what the source did."""
        if kind is ChangeKind.REPLACE:
            self.rows = {}
        for row in rows:
            named = dict(zip(columns(schema), row, strict=True))
            self.rows.pop(named["ID"], None)
            if named["Op"] != "D":
                self.rows[named["ID"]] = named

    def expected(self, schema: str) -> list[Row]:
        names = list(columns(schema))
        return sorted((tuple(row.get(name) for name in names) for row in self.rows.values()), key=repr)

    def found(self, schema: str) -> dict[str, list[Row]]:
        """The rows as three readers see them; duckdb reads local files only."""
        names = list(columns(schema))
        stored = self.catalogs.lake.reader.load_table((self.definition.database, self.definition.name))
        arrow = stored.scan().to_arrow().select(names)
        spark = self.catalogs.spark.table(f"{self.catalogs.name}.{self.definition.qualified_name}").select(*names)
        files = [task.file.file_path.removeprefix("file://") for task in stored.scan().plan_files()]
        found = {
            "pyiceberg": sorted((tuple(row.values()) for row in arrow.to_pylist()), key=repr),
            "spark": sorted((tuple(row) for row in spark.collect()), key=repr),
        }
        if self.definition.location.startswith("file:"):
            found["duckdb"] = sorted((tuple(row.get(name) for name in names) for row in read(files)), key=repr)
        return found

    def told(self) -> tuple[StoredTable | None, Commit | None]:
        """What both engines read of the table, which is the same."""
        tables = [self.opened(engine) for engine in ENGINES]
        one, other = ((table.existing(), table.last_commit()) for table in tables)
        assert one == other
        return one


def read(files: list[str]) -> list[dict[str, Any]]:
    """The rows of data files by names; no column of these tests was ever dropped or renamed."""
    if not files:
        return []
    found = duckdb.read_parquet(files, union_by_name=True, hive_partitioning=False)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def some_rows(chance: random.Random, schema: str, kind: ChangeKind) -> list[Row]:
    """At most one row of a key; a delete may have its key only, as DMS writes it."""
    names = list(columns(schema))[2:]
    rows: list[Row] = []
    for key in chance.sample(range(20), 8):
        operation = chance.choice("IU" if kind is ChangeKind.REPLACE else "IUD")
        is_bare = operation == "D" and chance.random() < 0.5
        rows.append((operation, key, *(None if is_bare else chance.choice(VALUES[name]) for name in names)))
    return rows


def take_turns(turns: Turns, seed: int, changes: int) -> None:
    """Make so many changes, each by an engine of chance, and look at the table after each."""
    chance = random.Random(seed)  # noqa: S311
    for number in range(changes):
        kind = ChangeKind.REPLACE if not number or chance.random() < 0.15 else ChangeKind.MERGE
        schema = SCHEMAS[number * len(SCHEMAS) // changes]
        rows = some_rows(chance, schema, kind)
        proof = {"odp.file_ids": f'["f{number}"]', "odp.table_state": "x" * chance.choice([1, 5_000])}
        turns.change(chance.choice(ENGINES), rows, schema, kind, proof=proof, fence=number + 1)
        turns.expect(rows, schema, kind)
        stored, commit = turns.told()
        assert stored is not None
        assert commit is not None
        assert stored.proof == commit.proof == proof
        assert dict(stored.columns) == columns(schema)
        found = turns.found(schema)
        assert found == dict.fromkeys(found, turns.expected(schema))


def refuse_nothing_after_compaction(turns: Turns, engine: str) -> None:
    """Change a table, compact it, change it again: rows, proof and fence are those of the changes."""
    proofs = [{"odp.file_ids": f'["f{number}"]', "odp.table_state": "x" * (5_000 * number)} for number in range(2)]
    changes: list[list[Row]] = [
        [("I", 1, 1, "a"), ("I", 2, 2, "b/c=%é'"), ("I", 3, 3, None)],
        [("U", 1, 9, "b/c=%é'"), ("D", 2, None, None)],
    ]
    for number, rows in enumerate(changes):
        turns.change(engine, rows, SCHEMA, proof=proofs[number], fence=number + 1)
        turns.expect(rows, SCHEMA, ChangeKind.MERGE)
        before = turns.told()[1]
        turns.compact()
        stored, commit = turns.told()
        assert stored is not None
        assert commit == before
        assert stored.proof == proofs[number]
        assert stored.commit_time > commit.time  # type: ignore[union-attr]
        found = turns.found(SCHEMA)
        assert found == dict.fromkeys(found, turns.expected(SCHEMA))
