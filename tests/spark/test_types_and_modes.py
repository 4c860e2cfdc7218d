"""Every type that DMS writes arrives equal in every kind of table, through full load, changes and reload."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.records import LandedFile, RawTableConfig, RowHistory
from odp.refresh import RefreshKind
from pyspark.sql import SparkSession

from rehearsal.validation.comparison import compare
from tests.spark.refresher import Refresher

Row = dict[str, Any]
LOAD, FIRST, SECOND = "LOAD00000001", "20260101-000000001", "20260101-000000002"
MOMENT = dt.datetime(1969, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001 - a timestamp without zone

VALUES: dict[str, tuple[pa.DataType, tuple[Any, ...]]] = {
    "I8": (pa.int8(), (-128, 127)),
    "I16": (pa.int16(), (-(2**15), 2**15 - 1)),
    "I32": (pa.int32(), (-(2**31), 2**31 - 1)),
    "I64": (pa.int64(), (-(2**63), 2**63 - 1)),
    "U8": (pa.uint8(), (0, 2**8 - 1)),
    "U16": (pa.uint16(), (0, 2**16 - 1)),
    "U32": (pa.uint32(), (0, 2**32 - 1)),
    "U64": (pa.uint64(), (0, 2**64 - 1)),
    "F32": (pa.float32(), (-0.5, 2.0**127)),
    "F64": (pa.float64(), (5e-324, -1.7976931348623157e308)),
    "FLAG": (pa.bool_(), (True, False)),
    "PRICE": (pa.decimal128(8, 2), (Decimal("-999999.99"), Decimal("0.01"))),
    "EXACT": (pa.decimal128(38, 10), (Decimal("9" * 28 + "." + "9" * 10), Decimal("-0.0000000001"))),
    "DAY": (pa.date32(), (dt.date(1, 1, 1), dt.date(9999, 12, 31))),
    "AT_MICROS": (pa.timestamp("us"), (MOMENT, dt.datetime(2026, 11, 24, 10, 0, 0, 1))),  # noqa: DTZ001
    "AT_MILLIS": (pa.timestamp("ms"), (MOMENT.replace(microsecond=999_000), dt.datetime(2026, 3, 29, 2, 30))),  # noqa: DTZ001
    "AT_ZONE": (pa.timestamp("us", "UTC"), (MOMENT.replace(tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC))),
    "TIME_MICROS": (pa.time64("us"), (dt.time(0), dt.time(23, 59, 59, 999_999))),
    "TIME_MILLIS": (pa.time32("ms"), (dt.time(1, 2, 3), dt.time(23, 59, 59, 999_000))),
    "TEXT": (pa.string(), ("", "Zoë 日本 😀 \x00\t\n\\'\",")),
    "BYTES": (pa.binary(), (b"", b"\x00\xff\xfe")),
}
FILLERS = {f"C{number:03d}": VALUES[name] for number, name in enumerate([*VALUES] * 9, start=1)}
WIDE = dict([*VALUES.items(), *FILLERS.items()][:196])
"""With Op, the key's two columns and the ordering, a table of 200 columns."""


def row(key: int, version: int, region: str | None, op: str = "", seq: str = "") -> Row:
    """A row whose values depend on the version: one of two extremes of its type, or NULL."""
    choices = {name: (*values, None) for name, (_, values) in WIDE.items()}
    values = {name: choice[(position + version) % 3] for position, (name, choice) in enumerate(choices.items())}
    return {"Op": op, "ID": key, "REGION": region, **values, "SEQ": seq}


def file(rows: Iterable[Row], *, is_wide: bool) -> pa.Table:
    """The rows as DMS writes them; a full load has no operations."""
    rows = list(rows)
    types = {name: type_ for name, (type_, _) in (WIDE if is_wide else VALUES).items()}
    schema = pa.schema({"Op": pa.string(), "ID": pa.int64(), "REGION": pa.string(), **types, "SEQ": pa.string()})
    table = pa.Table.from_pylist(rows, schema=schema)
    return table if rows and rows[0]["Op"] else table.drop_columns(["Op"])


def as_stored(table: pa.Table) -> pa.Table:
    """What the lake has to hold: times of day as text, the largest unsigned integers as decimals."""
    for position, name in enumerate(table.column_names):
        type_ = table.schema.field(name).type
        if pa.types.is_time(type_):
            texts = [None if v is None else v.isoformat(timespec="microseconds") for v in table[name].to_pylist()]
            table = table.set_column(position, name, pa.array(texts, pa.string()))
        elif type_ == pa.uint64():
            table = table.set_column(position, name, table[name].cast(pa.decimal128(20, 0)))
    return table


def seq(number: int) -> str:
    return f"{number:035d}"


@dataclass(frozen=True)
class Mode:
    """One kind of table."""

    fields: dict[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ("ID",)
    is_wide: bool = False

    @property
    def is_historical(self) -> bool:
        return self.fields.get("history") is RowHistory.ALL


COMPOSITE = {"primary_key": ("ID", "REGION"), "partition_key": None}
MERGE = {"hudi_table_type": "merge_on_read"}
HISTORICAL = {"history": RowHistory.ALL}
MODES = {
    "partitioned": Mode(),
    "two_hundred_columns": Mode(is_wide=True),
    "unpartitioned": Mode({"partition_key": None}),
    "composite_key": Mode(COMPOSITE, ("ID", "REGION")),
    "merge_on_read": Mode(MERGE),
    "merge_on_read_unpartitioned": Mode({**MERGE, "partition_key": None}),
    "historical": Mode(HISTORICAL, ("ID", "SEQ")),
    "historical_unpartitioned": Mode({**HISTORICAL, "partition_key": None}, ("ID", "SEQ")),
    "historical_merge_on_read": Mode({**HISTORICAL, **MERGE}, ("ID", "SEQ")),
}


OTHER_MODES = {
    # the historical table is partitioned, has every type, and is found by two columns
    "partitioned",
    "unpartitioned",
    "composite_key",
    "two_hundred_columns",  # more of the same types
    # each half is another mode's
    "merge_on_read_unpartitioned",
    "historical_unpartitioned",
    "historical_merge_on_read",
}
"""They are slow."""


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, id=name, marks=[pytest.mark.slow] if name in OTHER_MODES else [])
        for name, mode in MODES.items()
    ],
)
def test_every_type_arrives_equal_through_full_load_changes_and_reload(
    mode: Mode, spark: SparkSession, table_config: Callable[..., RawTableConfig], land_file: Any, buckets: Path
) -> None:
    config = table_config(**mode.fields)
    refresh = Refresher(SparkTableWriter(spark), config, buckets)

    def land(name: str, rows: list[Row]) -> LandedFile:
        landed: LandedFile = land_file(refresh.key(name), file(rows, is_wide=mode.is_wide))
        return landed

    def assert_holds(rows: Iterable[Row]) -> None:
        found = compare(config.raw_table_name, as_stored(file(rows, is_wide=mode.is_wide)), refresh.table(), mode.keys)
        assert found.is_identical, "\n".join(map(str, found.differences))

    moves = mode is not MODES["composite_key"]
    regions = ["north", "", "a/b =%:ü", None if moves else "x", "south"]
    loaded = [row(key, key + 1, region) for key, region in enumerate(regions, start=1)]
    refresh(land(LOAD, loaded))
    assert_holds(loaded)

    now = ["south", None, None, None, "south"] if moves else regions
    updated = [row(1, 1, now[0], "U", seq(1)), row(3, 0, now[2], "U", seq(4))]
    deleted = [row(2, 1, now[1], "D", seq(2)), row(5, 1, now[4], "D", seq(5))]
    inserted = row(6, 2, "west", "I", seq(3))
    refresh(land(FIRST, [updated[0], deleted[0], inserted]), land(SECOND, [updated[1], deleted[1]]))
    if mode.is_historical:
        assert_holds([*loaded, *updated, *deleted, inserted])
        assert sorted(refresh.values("Op", "ID"))[:2] == [("D", 2), ("D", 5)]
    else:
        assert_holds([loaded[3], *updated, inserted])

    again = [row(1, 2, "east"), row(7, 0, "")]
    refresh.apply(RefreshKind.RELOAD, land(LOAD, again), generation=2)
    if not mode.is_historical:
        assert_holds(again)
        return
    load = f"{seq(5)}/L2"
    added = [(key, op) for key, op, version in refresh.values("ID", "Op", "_odp_version") if version == load]
    assert sorted(added) == [(1, "I"), (3, "D"), (4, "D"), (6, "D"), (7, "I")]
    before = len([*loaded, *updated, *deleted, inserted])
    assert refresh.table().num_rows == before + len(added)
    refresh.apply(RefreshKind.RELOAD, land(LOAD, again), generation=3)
    assert refresh.table().num_rows == before + len(added), "a row that is as it was has another version"


KEYS: dict[str, tuple[pa.DataType, tuple[Any, ...]]] = {
    "timestamp": (pa.timestamp("us"), (MOMENT, MOMENT.replace(microsecond=1), MOMENT.replace(microsecond=2))),
    "millis": (pa.timestamp("ms"), tuple(MOMENT.replace(microsecond=n * 1000) for n in range(3))),
    "date": (pa.date32(), tuple(dt.date(2026, 1, n) for n in (1, 2, 3))),
    "decimal": (pa.decimal128(38, 10), (Decimal("1.5"), Decimal(1), Decimal("1.0000000001"))),
    "binary": (pa.binary(), (b"\x00", b"\x00\xff", b"a")),
    "unsigned": (pa.uint64(), (0, 1, 2**64 - 1)),
    "text": (pa.string(), ("a:b,c", "a", "😀")),
    "flag": (pa.bool_(), (True, False)),
}


@pytest.mark.slow
@pytest.mark.parametrize("historical", [False, True], ids=["snapshot", "historical"])
@pytest.mark.parametrize("key", KEYS)
def test_row_is_found_by_a_key_of_any_type(
    key: str,
    historical: bool,
    spark: SparkSession,
    table_config: Callable[..., RawTableConfig],
    land_file: Any,
    buckets: Path,
) -> None:
    type_, values = KEYS[key]
    config = table_config(primary_key=("K",), partition_key=None, **(HISTORICAL if historical else {}))
    refresh = Refresher(SparkTableWriter(spark), config, buckets)

    def table(op: list[str], keys: tuple[Any, ...], number: int) -> pa.Table:
        count = len(keys)
        sequence = [seq(number) if number else ""] * count
        return pa.table({"Op": op, "K": pa.array(keys, type_), "V": [number] * count, "SEQ": sequence})

    refresh(land_file(refresh.key(LOAD), table(["I"] * len(values), values, 0)))
    refresh(land_file(refresh.key(FIRST), table(["U", "D"], values[:2], 1)))
    refresh(land_file(refresh.key(FIRST), table(["U", "D"], values[:2], 1)))
    found = sorted(refresh.values("V", "Op"))
    others = [(0, "I")] * (len(values) - 2)
    assert found == ([(0, "I")] * 2 + others + [(1, "D"), (1, "U")] if historical else [*others, (1, "U")])


@pytest.mark.slow
@pytest.mark.parametrize("partition", ["P", None])
def test_part_of_a_composite_key_may_be_empty_or_null(
    partition: str | None,
    spark: SparkSession,
    table_config: Callable[..., RawTableConfig],
    land_file: Any,
    buckets: Path,
) -> None:
    config = table_config(primary_key=("K", "ID"), partition_key=partition)
    refresh = Refresher(SparkTableWriter(spark), config, buckets)
    load = {"K": ["", None, "x"], "ID": [1, 1, 1], "P": ["p", "p", None], "SEQ": ["", "", ""]}
    change = {"Op": ["U", "D"], "K": ["", None], "ID": [1, 1], "P": ["q", None], "SEQ": [seq(1), seq(1)]}
    refresh(land_file(refresh.key(LOAD), pa.table(load)))
    refresh(land_file(refresh.key(FIRST), pa.table(change)))
    assert sorted(refresh.values("K", "P", "SEQ"), key=str) == [("", "q", seq(1)), ("x", None, "")]
