"""Compares one table of the source with its copy in the lake, and names what differs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from rehearsal.validation.canonical import canonical, checksum, without_added_columns

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
    key_names = [key.upper() for key in keys]
    findings = list(_columns(table, source, lake))
    sums = ("", "")
    if not findings:
        sums = (checksum(source, key_names), checksum(lake, key_names))
        if source.num_rows == 0 or sums[0] != sums[1]:
            findings = list(_rows(table, source, lake, key_names))
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


def _rows(table: str, source: pa.Table, lake: pa.Table, keys: list[str]) -> Iterator[_Finding]:
    if source.num_rows == 0:
        yield _Finding(1, (Difference(table, WHOLE, WHOLE, "no rows to compare", f"{lake.num_rows:,} rows"),))
    sides = [_keyed(side, keys) for side in (source, lake)]
    yield _duplicates(table, sides[0], "source")
    yield _duplicates(table, sides[1], "lake")
    joined = sides[0].join(sides[1], "key", join_type="full outer", left_suffix="_source", right_suffix="_lake")
    joined = joined.sort_by("row_source")
    yield _one_sided(table, joined, "row_lake", ("present", "missing"))
    yield _one_sided(table, joined, "row_source", ("missing", "present"))
    both = joined.filter(pc.and_(pc.is_valid(joined["row_source"]), pc.is_valid(joined["row_lake"])))
    source, lake = source.take(both["row_source"]), lake.take(both["row_lake"])
    for name in source.column_names:
        yield _values(table, name, both["key"], (source[name], lake[name]))


def _keyed(side: pa.Table, keys: list[str]) -> pa.Table:
    """The key of each row as people read it, beside the row's number."""
    parts = [pc.cast(side[key], pa.string()) for key in keys]
    key = pc.binary_join_element_wise(*parts, ", ", null_handling="replace", null_replacement="NULL")
    return pa.table({"key": key, "row": pa.array(range(side.num_rows), pa.int64())})


def _duplicates(table: str, keyed: pa.Table, side: str) -> _Finding:
    counts = keyed.group_by("key").aggregate([("row", "count"), ("row", "min")]).sort_by("row_min")
    repeated = counts.filter(pc.greater(counts["row_count"], 1))
    found = zip(*(repeated[name][:EXAMPLES_OF_A_KIND].to_pylist() for name in ("key", "row_count")), strict=True)
    said = ((key, f"{count} rows") for key, count in found)
    pairs = ((key, (text, "") if side == "source" else ("", text)) for key, text in said)
    return _Finding(repeated.num_rows, tuple(Difference(table, key, WHOLE, *texts) for key, texts in pairs))


def _one_sided(table: str, joined: pa.Table, absent: str, said: tuple[str, str]) -> _Finding:
    keys = joined.filter(pc.is_null(joined[absent]))["key"]
    examples = keys[:EXAMPLES_OF_A_KIND].to_pylist()
    return _Finding(len(keys), tuple(Difference(table, key, WHOLE, *said) for key in examples))


def _values(table: str, column: str, keys: pa.ChunkedArray, sides: tuple[pa.ChunkedArray, pa.ChunkedArray]) -> _Finding:
    rows = pc.indices_nonzero(_differs(*sides))
    examples = zip(*(part.take(rows[:EXAMPLES_OF_A_KIND]).to_pylist() for part in (keys, *sides)), strict=True)
    return _Finding(len(rows), tuple(Difference(table, key, column, _shown(s), _shown(v)) for key, s, v in examples))


def _differs(source: pa.ChunkedArray, lake: pa.ChunkedArray) -> pa.ChunkedArray:
    """NULL equals only NULL, NaN equals only NaN."""
    same = pc.fill_null(pc.equal(source, lake), fill_value=False)
    same = pc.or_(same, pc.and_(pc.is_null(source), pc.is_null(lake)))
    if pa.types.is_floating(source.type):
        both_nan = pc.and_(pc.is_nan(source), pc.is_nan(lake))
        same = pc.or_(same, pc.fill_null(both_nan, fill_value=False))
    return pc.invert(same)


def _shown(value: object) -> str:
    return "NULL" if value is None else f"{value!r}" if isinstance(value, str | bytes) else f"{value}"
