"""Every format, by each of its engines, applies what the core decides, and tells what reached the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from lake.tables.change import ChangeKind, Commit, Proof, StoredTable, TableChange, TableDefinition
from lake.tables.columns import Columns, Promotion, column_type
from lake.tables.format import Table, open_table
from lake.tables.partitions import Partition
from lake.tables.registry import FORMATS
from tests.spark.tables.formats import CATALOGS, COMMENTS, DATABASE, READERS, TABLE_TYPES
from tests.spark.tables.native import CATALOG, Catalogs, NativeInSpark, two_catalogs

SCHEMA = "Op string, ID bigint, V int, REGION string"
ROWS = [("I", 1, 10, "north"), ("I", 2, 20, "south"), ("I", 3, 30, None)]
PROOF = {"odp.file_ids": '["f1", "f2"]', "odp.table_state": '{"generation": 1, "é": "\'%s\'"}'}
_numbers = count(1)


class LeaseLostError(Exception):
    """Another run took the lease over."""


def lost() -> None:
    raise LeaseLostError


@dataclass(frozen=True)
class Subject:
    """One table of one format, changed as the core would change it and read as people read it."""

    spark: SparkSession
    format_name: str
    definition: TableDefinition
    native: Catalogs | None = None
    """Where the engine without a JVM writes; None of Spark's tables."""

    @property
    def catalog(self) -> str:
        """The catalog of the session in which people find the table."""
        return CATALOG if self.native else CATALOGS[self.format_name]

    @property
    def table(self) -> Table:
        if self.native:
            return NativeInSpark(self.native, self.definition)
        return open_table(FORMATS[self.format_name], self.spark, self.definition)

    def change(
        self,
        rows: list[Any],
        schema: str = SCHEMA,
        *,
        kind: ChangeKind = ChangeKind.MERGE,
        proof: Proof = PROOF,
        check_lease: Callable[[], None] = lambda: None,
    ) -> Commit | None:
        """Apply rows of this schema; gives the newest commit."""
        frame = self.spark.createDataFrame(rows, schema)
        self.apply(frame, schema, kind=kind, proof=proof, check_lease=check_lease)
        return self.table.last_commit()

    def apply(
        self, frame: DataFrame, schema: str, *, kind: ChangeKind, proof: Proof, check_lease: Callable[[], None]
    ) -> None:
        table = self.table
        stored = table.existing()
        table.repair(stored, check_lease)
        known = frame if stored and kind is ChangeKind.MERGE else None
        table.apply(TableChange(kind, frame, columns(schema), proof, known), check_lease)

    def rows(self, *names: str) -> list[tuple[Any, ...]]:
        found = self.table.rows() if self.native else READERS[self.format_name](self.spark, self.definition)
        frame = found.select(*(names or ("ID", "V", "REGION")))
        return sorted((tuple(row) for row in frame.collect()), key=repr)

    def stored(self) -> StoredTable:
        stored = self.table.existing()
        assert stored is not None
        return stored


def columns(schema: str) -> Columns:
    """The types of a schema that is written as Spark writes it."""
    pairs = (column.split() for column in schema.split(", "))
    return {name: column_type(text) for name, text in pairs}


@pytest.fixture(scope="module")
def databases(spark: SparkSession) -> None:
    for catalog in set(CATALOGS.values()):
        spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {catalog}.{DATABASE}")


@pytest.fixture(scope="module")
def native(spark: SparkSession, databases: None, tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    return two_catalogs(spark, tmp_path_factory.mktemp("native"), DATABASE)


@pytest.fixture(params=[(name, "spark") for name in sorted(FORMATS)] + [("iceberg", "native")], ids="-".join)
def subject(request: pytest.FixtureRequest, spark: SparkSession, native: Catalogs) -> Subject:
    """A partitioned table that does not exist yet, of each format and engine."""
    format_name, engine = request.param
    name = f"{format_name}_{engine}_{next(_numbers)}"
    root = native.lake.root if engine == "native" else "s3://raw"
    definition = TableDefinition(
        DATABASE, name, f"{root}/{DATABASE}/{name}", "ID", ("ID",), Partition("REGION"), ("Op", "D"),
        TABLE_TYPES.get(format_name, ""),
    )  # fmt: skip
    return Subject(spark, format_name, definition, native if engine == "native" else None)


@pytest.fixture
def loaded(subject: Subject) -> Subject:
    """The table with three rows in three partitions."""
    subject.change(ROWS)
    return subject


def test_table_that_no_change_reached_does_not_exist(subject: Subject) -> None:
    assert subject.table.existing() is None
    assert subject.table.last_commit() is None


def test_first_change_makes_the_table_with_its_rows_and_its_proof(subject: Subject) -> None:
    commit = subject.change(ROWS)
    assert subject.rows() == [(1, 10, "north"), (2, 20, "south"), (3, 30, None)]
    assert commit is not None
    assert commit.proof == PROOF
    assert (commit.rows.inserted, commit.rows.updated, commit.rows.deleted) == (3, 0, 0)
    assert subject.stored() == StoredTable(commit.time, columns(SCHEMA), PROOF)


def test_merge_inserts_updates_and_deletes_by_the_record_key(loaded: Subject) -> None:
    """A delete carries its key only; one of an unknown key deletes nothing and adds nothing."""
    first = loaded.stored().commit_time
    commit = loaded.change(
        [("U", 1, 11, "north"), ("D", 2, None, None), ("I", 4, 40, "north"), ("D", 9, None, None)],
        proof={"odp.file_ids": '["f3"]'},
    )
    assert loaded.rows() == [(1, 11, "north"), (3, 30, None), (4, 40, "north")]
    assert commit is not None
    assert commit.proof == {"odp.file_ids": '["f3"]'} == loaded.stored().proof
    assert commit.time > first
    assert commit.rows.inserted - commit.rows.deleted == 0
    assert commit.rows.updated == 1


def test_commits_of_a_table_sort_by_their_times(loaded: Subject) -> None:
    times = [loaded.stored().commit_time]
    for value in range(3):
        loaded.change([("U", 1, value, "north")], proof={"odp.file_ids": str(value)})
        times.append(loaded.stored().commit_time)
    assert times == sorted(set(times))
    assert loaded.stored().proof == {"odp.file_ids": "2"}


def test_changed_partition_moves_the_row(loaded: Subject) -> None:
    loaded.change([("U", 1, 11, "south"), ("U", 2, 21, None), ("U", 3, 31, "a/b c=%é'")])
    assert loaded.rows() == [(1, 11, "south"), (2, 21, None), (3, 31, "a/b c=%é'")]
    loaded.change([("D", 1, None, None), ("U", 3, 32, "north")])
    assert loaded.rows() == [(2, 21, None), (3, 32, "north")]


def test_table_without_partitions_and_deletes_keeps_rows_that_are_marked(subject: Subject) -> None:
    plain = replace(subject, definition=replace(subject.definition, partition_by=None, delete_marker=None))
    plain.change(ROWS)
    plain.change([("D", 2, 21, "south"), ("I", 4, 40, None)])
    assert plain.rows("Op", "ID", "V") == [("D", 2, 21), ("I", 1, 10), ("I", 3, 30), ("I", 4, 40)]


def test_replace_puts_rows_and_columns_in_place_of_all(loaded: Subject) -> None:
    schema = "Op string, ID bigint, V string, REGION string, NOTE date"
    commit = loaded.change([("I", 7, "x", "east", None)], schema, kind=ChangeKind.REPLACE, proof={"odp.new": "1"})
    assert loaded.rows("ID", "V", "REGION", "NOTE") == [(7, "x", "east", None)]
    assert dict(loaded.stored().columns) == columns(schema)
    assert commit is not None
    assert commit.proof == {"odp.new": "1"}
    assert (commit.rows.inserted, commit.rows.updated, commit.rows.deleted) == (1, 0, 0)
    loaded.change([("I", 8, "y", "east", None), ("D", 7, None, None, None)], schema)
    assert loaded.rows("ID", "V") == [(8, "y")]


def test_replace_without_rows_empties_the_table_which_goes_on(loaded: Subject) -> None:
    commit = loaded.change([], kind=ChangeKind.REPLACE, proof={"odp.empty": "1"})
    assert loaded.rows() == []
    assert commit is not None
    assert (commit.proof, loaded.stored().proof) == ({"odp.empty": "1"}, {"odp.empty": "1"})
    assert dict(loaded.stored().columns) == columns(SCHEMA)
    loaded.change([("I", 5, 50, "north"), ("D", 1, None, None)])
    assert loaded.rows() == [(5, 50, "north")]


def test_merge_adds_columns_that_older_rows_have_no_values_in(loaded: Subject) -> None:
    schema = f"{SCHEMA}, NOTE string, PRICE decimal(8,2), _odp_note string"
    loaded.change([("U", 1, 11, "north", "new", Decimal("2.50"), "t")], schema)
    assert loaded.rows("ID", "V", "NOTE", "PRICE", "_odp_note") == [
        (1, 11, "new", Decimal("2.50"), "t"),
        (2, 20, None, None, None),
        (3, 30, None, None, None),
    ]
    assert dict(loaded.stored().columns) == columns(schema)


WIDENED: Mapping[Promotion, tuple[str, Any, str, Any]] = {
    Promotion.INT_TO_BIGINT: ("int", -(2**31), "bigint", 2**40),
    Promotion.INTEGER_TO_UNSIGNED: ("bigint", 2**63 - 1, "decimal(20,0)", Decimal(2**64 - 1)),
    Promotion.FLOAT_TO_DOUBLE: ("float", 0.5, "double", 0.1),
    Promotion.DECIMAL_PRECISION: ("decimal(8,2)", Decimal("123456.78"), "decimal(12,2)", Decimal("1234567890.12")),
    Promotion.DECIMAL_SCALE: ("decimal(8,2)", Decimal("123456.78"), "decimal(12,4)", Decimal("12345678.1234")),
}


@pytest.mark.parametrize("is_in_place", [True, False], ids=["in_place", "after_a_rewrite"])
def test_rule_10_wider_values_join_those_of_before_in_place_or_after_a_rewrite(
    subject: Subject, is_in_place: bool
) -> None:
    """What the format claims to widen in place is merged at once; anything else after a rewrite, with its proof.

    Each kind of promotion is a column of the table, which has the kind's name.
    """
    claimed = FORMATS[subject.format_name].capabilities.in_place
    widened = {kind.name: case for kind, case in WIDENED.items() if (kind in claimed) is is_in_place}
    before = _schema({name: old for name, (old, _, _, _) in widened.items()})
    after = _schema({name: new for name, (_, _, new, _) in widened.items()})
    old_values = [value for _, value, _, _ in widened.values()]
    subject.change([("I", 1, *old_values, "north"), ("I", 2, *old_values, "south")], before)
    if not is_in_place:
        casts = (f"CAST({name} AS {new}) AS {name}" for name, (_, _, new, _) in widened.items())
        stored = subject.table.rows().selectExpr("Op", "ID", *casts, "REGION")
        subject.apply(stored, after, kind=ChangeKind.REWRITE, proof={}, check_lease=lambda: None)
        last = subject.table.last_commit()
        assert last is not None
        assert (last.proof, last.rows.inserted) == (PROOF, 2)
        assert subject.stored().proof == PROOF
    subject.change([("I", 3, *(value for _, _, _, value in widened.values()), "north")], after)
    kept = [_as(new, value) for _, value, new, _ in widened.values()]
    added = [value for _, _, _, value in widened.values()]
    assert subject.rows("ID", *widened) == [(1, *kept), (2, *kept), (3, *added)]
    assert dict(subject.stored().columns) == columns(after)


def _schema(types: Mapping[str, str]) -> str:
    return ", ".join(["Op string, ID bigint", *(f"{name} {type_}" for name, type_ in types.items()), "REGION string"])


def _as(type_: str, value: Any) -> Any:
    return Decimal(value) if type_.startswith("decimal") else value


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (ChangeKind.MERGE, SCHEMA),
        # the next test adds a column, too
        pytest.param(ChangeKind.MERGE, f"{SCHEMA}, NOTE string", marks=pytest.mark.slow),
        # the lease is checked in the same places, and the next test loses it before a commit of any kind
        pytest.param(ChangeKind.REPLACE, SCHEMA, marks=pytest.mark.slow),
    ],
)
def test_rule_8_run_that_lost_its_lease_leaves_the_table_as_it_is(
    loaded: Subject, kind: ChangeKind, schema: str
) -> None:
    before, rows = loaded.stored(), loaded.rows()
    values = ("U", 1, 99, "north", "x")[: len(columns(schema))]
    with pytest.raises(LeaseLostError):
        loaded.change([values], schema, kind=kind, check_lease=lost)
    assert (loaded.stored(), loaded.rows()) == (before, rows)
    loaded.change([values], schema)
    assert loaded.rows()[0] == (1, 99, "north")


def test_rule_8_lease_that_is_lost_before_the_commit_leaves_the_table_as_it_is(loaded: Subject) -> None:
    """However often a format checks it: what counts is the last time."""
    asked: list[int] = []
    before, rows = loaded.stored(), loaded.rows()
    schema = f"{SCHEMA}, NOTE string"
    probe = replace(loaded, definition=replace(loaded.definition, name=f"{loaded.definition.name}_probe"))
    probe = replace(probe, definition=replace(probe.definition, location=f"{loaded.definition.location}_probe"))
    probe.change(ROWS)
    probe.change([("U", 1, 99, "north", "x")], schema, check_lease=lambda: asked.append(1))
    left = iter(asked[:-1])

    def lost_at_last() -> None:
        if next(left, None) is None:
            raise LeaseLostError

    with pytest.raises(LeaseLostError):
        loaded.change([("U", 1, 99, "north", "x")], schema, check_lease=lost_at_last)
    assert (loaded.stored(), loaded.rows()) == (before, rows)
    loaded.change([("U", 1, 98, "north", "y")], schema)
    assert loaded.rows("ID", "V", "NOTE") == [(1, 98, "y"), (2, 20, None), (3, 30, None)]


def test_run_that_lost_its_lease_makes_no_table(subject: Subject) -> None:
    with pytest.raises(LeaseLostError):
        subject.change(ROWS, check_lease=lost)
    assert subject.table.existing() is None
    subject.change(ROWS)
    assert len(subject.rows()) == 3


def test_catalog_shows_a_commit_once_it_is_published_and_comments_columns(loaded: Subject) -> None:
    name = f"{loaded.catalog}.{DATABASE}.{loaded.definition.name}"
    separate = FORMATS[loaded.format_name].capabilities.separate_catalog
    assert loaded.spark.catalog.tableExists(name) is not separate
    published = loaded.table.publish("", lambda proof: {"V": proof["odp.file_ids"]})
    assert published == loaded.stored().commit_time
    assert COMMENTS[loaded.format_name](loaded.spark, loaded.definition, loaded.catalog) == {"v": PROOF["odp.file_ids"]}
    loaded.change([("I", 4, 40, "west")])
    assert loaded.table.publish(published, lambda _: {}) == loaded.stored().commit_time
    listed = loaded.spark.table(name).select("ID", "REGION").collect()
    assert (4, "west") in [tuple(row) for row in listed]


def test_further_names_that_a_table_takes_are_those_that_the_format_claims(subject: Subject) -> None:
    claims = FORMATS[subject.format_name].capabilities.extra_names
    for table_type in (subject.definition.table_type, *claims):
        name = f"{subject.definition.name}_{table_type}" if table_type else subject.definition.name
        location = f"{subject.definition.location}_{table_type}"
        definition = replace(subject.definition, name=name, location=location, table_type=table_type)
        typed = replace(subject, definition=definition)
        typed.change(ROWS)
        typed.table.publish("", lambda _: {})
        catalog = f"{typed.catalog}.{DATABASE}"
        tables = {row.tableName for row in typed.spark.sql(f"SHOW TABLES IN {catalog}").collect()}
        taken = {found for found in tables if found == name or found.startswith(f"{name}_")}
        assert taken == {name, *(f"{name}{each}" for each in claims.get(table_type, ()))}


NUMBERS = ("int", "bigint", "decimal(8,2)")
"""The partition column of test_schema_changes is one that becomes wider."""


@pytest.mark.parametrize(
    "type_",
    # columns that name folders by themselves, by a calendar and, where a format takes it, by a time of day
    ["date", "timestamp", "boolean", *(pytest.param(type_, marks=pytest.mark.slow) for type_ in NUMBERS)],
)
def test_partition_column_of_any_type_that_is_not_refused_gives_its_values_back(subject: Subject, type_: str) -> None:
    if isinstance(column_type(type_), FORMATS[subject.format_name].capabilities.no_partitions):
        pytest.skip(f"{subject.format_name} claims no partitions of {type_}")
    value = {"date": "DATE '2026-01-31'", "boolean": "true", "timestamp": "TIMESTAMP '2026-01-31 10:30:00.123456Z'"}
    schema = f"Op string, ID bigint, V int, REGION {type_}"
    literal = value.get(type_, f"CAST(7 AS {type_})")
    frame = subject.spark.sql(
        f"SELECT 'I' AS Op, 1L AS ID, 10 AS V, {literal} AS REGION UNION ALL SELECT 'I', 2L, 20, NULL"
    )
    subject.apply(frame, schema, kind=ChangeKind.MERGE, proof=PROOF, check_lease=lambda: None)
    subject.apply(frame.filter("ID = 1"), schema, kind=ChangeKind.MERGE, proof=PROOF, check_lease=lambda: None)
    assert subject.rows() == sorted((tuple(row) for row in frame.select("ID", "V", "REGION").collect()), key=repr)
