"""Compares every table of the source with its copy in the lake, names what differs, and never passes on nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection as Database
from duckdb import connect

from rehearsal.source.database import SourceTable
from rehearsal.validation.lake import LakeTableError

# One canonical form of a table's content: equal values of source and lake become equal bytes.

ADDED_PREFIXES = ("_HOODIE_", "_ODP_", "CDC_")
"""Columns that Hudi, the framework and the replication's mapping rules add; the source has none of them."""

FAMILIES = (
    (pa.types.is_integer, pa.int64()),
    (pa.types.is_floating, pa.float64()),
    (pa.types.is_timestamp, pa.timestamp("us")),
    (pa.types.is_date, pa.date32()),
    (pa.types.is_decimal, pa.decimal256(76, 38)),
    (pa.types.is_string, pa.large_string()),
    (pa.types.is_large_string, pa.large_string()),
    (pa.types.is_string_view, pa.large_string()),
    (pa.types.is_binary, pa.large_binary()),
    (pa.types.is_binary_view, pa.large_binary()),
)
"""Types that hold the same kind of value, and the one that holds them all."""


def canonical(table: pa.Table) -> pa.Table:
    """The same content under upper-case names, in canonical types, columns in the order of their names."""
    columns = dict(zip(map(str.upper, table.column_names), table.columns, strict=True))
    return pa.table({name: _canonical_values(columns[name].combine_chunks()) for name in sorted(columns)})


def without_added_columns(lake: pa.Table) -> pa.Table:
    """The source's own columns of a lake table; the source itself keeps all, so that a clash of names shows."""
    return lake.select([name for name in lake.column_names if not _is_added(name)])


def _is_added(name: str) -> bool:
    return name.upper() == "OP" or name.upper().startswith(ADDED_PREFIXES)


def _canonical_values(column: pa.Array) -> pa.Array:
    values = pc.cast(column, _canonical_type(column.type))
    if pa.types.is_floating(values.type):
        # one NaN and one zero: other bits of the same value are no difference
        values = pc.if_else(pc.is_nan(values), float("nan"), pc.add(values, 0.0))
    return values


def _canonical_type(type_: pa.DataType) -> pa.DataType:
    """The widest type of the family; families never mix, so that 1 and '1' stay different."""
    if pa.types.is_dictionary(type_):
        return _canonical_type(type_.value_type)
    return next((widest for belongs, widest in FAMILIES if belongs(type_)), type_)


# Compares one table of the source with its copy in the lake, and names what differs.

EXAMPLES_OF_A_KIND = 5
EXAMPLES_OF_A_TABLE = 50
WHOLE = "*"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value, row, column or table that is not the same on both sides; `*` stands for all of them."""

    table: str
    key: str
    column: str
    source: str
    lake: str

    def __str__(self) -> str:
        return f"{self.table} key {self.key} column {self.column}: source {self.source}, lake {self.lake}"


@dataclass(frozen=True, slots=True)
class TableComparison:
    """What was compared of one table, and the first differences of each kind."""

    table: str
    source_rows: int
    lake_rows: int
    source_checksum: str
    lake_checksum: str
    difference_count: int
    differences: tuple[Difference, ...]

    @property
    def is_identical(self) -> bool:
        """Whether rows were compared and every one is the same on both sides."""
        return self.source_rows > 0 and self.difference_count == 0 and self.source_checksum == self.lake_checksum


@dataclass(frozen=True, slots=True)
class _Finding:
    """Rows of both sides (or of one) that differ in the same way."""

    count: int
    examples: tuple[Difference, ...]


def compare(table: str, source: pa.Table, lake: pa.Table, keys: Sequence[str]) -> TableComparison:
    """Compare whole contents, whatever the order of rows and columns; nothing against nothing is a difference."""
    source, lake = canonical(source), canonical(without_added_columns(lake))
    findings, sums = list(_columns(table, source, lake)), ("", "")
    if not findings:
        with connect() as database:
            rows = _Rows(table, {"source": source, "lake": lake}, [key.upper() for key in keys], database)
            sums = (rows.checksum("source"), rows.checksum("lake"))
            if source.num_rows == 0 or sums[0] != sums[1]:
                findings = list(rows.findings())
    examples = tuple(chain.from_iterable(finding.examples for finding in findings))[:EXAMPLES_OF_A_TABLE]
    count = sum(finding.count for finding in findings)
    return TableComparison(table, source.num_rows, lake.num_rows, *sums, count, examples)


def unreadable(table: str, source: pa.Table, reason: str) -> TableComparison:
    """The outcome for a table that the lake does not have, or that its reader refuses."""
    difference = Difference(table, WHOLE, WHOLE, f"{source.num_rows:,} rows", reason)
    return TableComparison(table, source.num_rows, 0, "", "", 1, (difference,))


def _columns(table: str, source: pa.Table, lake: pa.Table) -> Iterator[_Finding]:
    types = [{field.name: str(field.type) for field in side.schema} for side in (source, lake)]
    for name in sorted(set(types[0]) | set(types[1])):
        of_source, of_lake = (side.get(name, "no such column") for side in types)
        if of_source != of_lake:
            yield _Finding(1, (Difference(table, WHOLE, name, of_source, of_lake),))


class _Rows:
    """Both sides of a table in duckdb, their columns under numbers, which need no quotes."""

    def __init__(self, table: str, sides: Mapping[str, pa.Table], keys: Sequence[str], database: Database) -> None:
        self._table, self._sides, self._database = table, sides, database
        self._schema: pa.Schema = sides["source"].schema
        self._keys = [f"c{self._schema.get_field_index(key)}" for key in keys]
        for name, side in sides.items():
            columns = {f"c{number}": _queryable(column) for number, column in enumerate(side.columns)}
            database.register(name, pa.table({"n": pa.array(range(side.num_rows), pa.int64()), **columns}))

    def checksum(self, side: str) -> str:
        """A digest of names, types and every value, in the order of the primary key."""
        values = ", ".join(f"c{number}::VARCHAR" for number in range(len(self._schema)))
        rows = f"string_agg(sha256(to_json([{values}])), '' ORDER BY {', '.join(self._keys)})"
        query = f"SELECT sha256(? || coalesce({rows}, '')) FROM {side}"  # noqa: S608 - made of numbers
        return str(self._database.execute(query, [str(self._schema)]).fetchall()[0][0])

    def findings(self) -> Iterator[_Finding]:
        """No rows, duplicates, rows of one side, and values that differ, column by column."""
        if self._sides["source"].num_rows == 0:
            said = ("no rows to compare", f"{self._sides['lake'].num_rows:,} rows")
            yield _Finding(1, (Difference(self._table, WHOLE, WHOLE, *said),))
        repeated, rows = "GROUP BY ALL HAVING count(*) > 1", "count(*) || ' rows'"
        yield self._finding(f"min(source.n), {self._key('source')}, {rows}, '' FROM source {repeated}")
        yield self._finding(f"min(lake.n), {self._key('lake')}, '', {rows} FROM lake {repeated}")
        # NULL is not distinct from NULL, nor NaN from NaN
        same = " AND ".join(f"source.{key} IS NOT DISTINCT FROM lake.{key}" for key in self._keys)
        source, lake = (f"{side}.n, {self._key(side)}" for side in self._sides)
        yield self._finding(f"{source}, 'present', 'missing' FROM source ANTI JOIN lake ON {same}")
        yield self._finding(f"{lake}, 'missing', 'present' FROM lake ANTI JOIN source ON {same}")
        for number, field in enumerate(self._schema):
            values = (f"source.c{number}", f"lake.c{number}")
            differ = f"FROM source JOIN lake ON {same} WHERE {' IS DISTINCT FROM '.join(values)}"
            yield self._finding(f"{source}, {', '.join(values)} {differ}", field)

    def _key(self, side: str) -> str:
        """The key of a row as people read it."""
        parts = ", ".join(f"coalesce({side}.{key}::VARCHAR, 'NULL')" for key in self._keys)
        return f"array_to_string([{parts}], ', ')"

    def _finding(self, query: str, field: pa.Field | None = None) -> _Finding:
        """What a query gives: a row's number, its key, and what both sides say of it, or hold in a column."""
        first = f"SELECT count(*) OVER (), * FROM (SELECT {query}) ORDER BY ALL LIMIT {EXAMPLES_OF_A_KIND}"  # noqa: S608
        found = self._database.execute(first).fetchall()
        column, is_text = (field.name, not pa.types.is_decimal(field.type)) if field else (WHOLE, False)
        shown = [(key, _shown(source, is_text), _shown(lake, is_text)) for _, _, key, source, lake in found]
        return _Finding(
            found[0][0] if found else 0, tuple(Difference(self._table, key, column, *values) for key, *values in shown)
        )


def _queryable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals of 76 digits are text for duckdb, which knows 38."""
    return column.cast(pa.string()) if pa.types.is_decimal(column.type) else column


def _shown(value: object, is_text: bool) -> str:
    return "NULL" if value is None else repr(value) if is_text and isinstance(value, str | bytes) else str(value)


# Reconciles every table of the source with the lake, and never passes on nothing.

ReadTable = Callable[[str], pa.Table]
"""Gives the whole content of the table of this name."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The comparison of every table that was asked for."""

    tables: tuple[TableComparison, ...]

    @property
    def has_passed(self) -> bool:
        """Whether there are tables, and the lake holds each of them exactly."""
        return bool(self.tables) and all(table.is_identical for table in self.tables)

    @property
    def difference_count(self) -> int:
        """How many differences there are, listed or not."""
        return sum(table.difference_count for table in self.tables)

    @property
    def differences(self) -> Iterator[Difference]:
        """The listed differences, table by table."""
        return (difference for table in self.tables for difference in table.differences)


def reconcile(tables: Iterable[SourceTable], *, read_source: ReadTable, read_lake: ReadTable) -> Reconciliation:
    """Compare each table; one that the lake cannot give is a difference, not an error that hides the others."""
    return Reconciliation(tuple(_compare_table(table, read_source, read_lake) for table in tables))


def _compare_table(table: SourceTable, read_source: ReadTable, read_lake: ReadTable) -> TableComparison:
    source = read_source(table.name)
    try:
        lake = read_lake(table.name)
    except LakeTableError as error:
        return unreadable(table.name, source, str(error))
    return compare(table.name, source, lake, table.key)
