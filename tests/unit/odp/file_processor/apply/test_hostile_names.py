"""Names from an earlier release may have any number and day; they add no work and fail no run."""

import tracemalloc
from datetime import date
from typing import TYPE_CHECKING, cast
from unittest.mock import Mock

import pytest
from odp.file_manager.key_ranges import days_around
from odp.file_manager.missing_files import ranges_beside
from odp.file_processor.apply import parquet_footers
from odp.file_processor.apply.source_columns import SchemaVersion, impossible_names
from odp.file_processor.selection.loads import Load
from odp.records import LandedFile

from lake.errors import RejectedInputError, SchemaChangeRefusedError
from lake.shown_text import bounded_reason
from lake.tables.columns import BIGINT, INT, Date, String
from lake.tables.hudi.capabilities import HUDI
from lake.tables.parquet_schema import parquet_columns
from tests.unit.odp.file_processor.landings import change, filled, held_files, ids, load
from tests.unit.odp.file_processor.refresh_world import CONFIG

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = 24 * 3600


def named(path: str, at: int) -> LandedFile:
    """A file that an earlier release registered under a name that is refused today."""
    known = load(1, at) if "LOAD" in path else change(1, at)
    key = f"s/t/{path}.parquet"
    return LandedFile(
        "s.t", f"{key}@{at}={at}", known.file_type, "s", "t", "staging", key, 1, f"e{at}", known.landed_at, f"v{at}"
    )


@pytest.mark.parametrize("number", ["FFFFFFFF", "7FFFFFFF", "00FFFFFF", "00000000"])
def test_number_of_a_part_costs_no_memory(number: str) -> None:
    table = filled(load(1, 1), load(2, 2))
    again = (load(1, 5000), load(2, 5001), named(f"LOAD{number}", 5002))
    tracemalloc.start()
    refresh = table.select(*again, now=2 * DAY)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000
    if int(number, 16):
        assert held_files(refresh) == set(ids(again))
        (held,) = refresh.held
        assert held.reason.startswith(f"{int(number, 16) - 3} of its parts never came (LOAD00000003.parquet, ")
        assert len(held.reason) < 300


def test_parts_that_are_missing_are_counted_and_named_in_their_order() -> None:
    part_load = Load((load(2, 1), load(5, 2)), (load(2, 1), load(5, 2)))
    assert part_load.missing == 3
    assert list(part_load.missing_names) == [f"LOAD0000000{number}.parquet" for number in (1, 3, 4)]


@pytest.mark.parametrize(
    "name", ["99999999-999999999", "00010101-000000000", "99991231-235959999", "20261301-120000000"]
)
def test_table_whose_newest_change_or_pending_file_has_such_a_name_is_refreshed(name: str) -> None:
    table = filled(load(1, 1), named(name, 2))
    assert table.state.newest_change_file == f"{name}.parquet"
    refresh = table.select(change(7, 3), named(name, 4))
    assert refresh.files or refresh.held or refresh.skipped
    assert ranges_beside("s/t/", [change(7, 3), named(name, 4)], f"{name}.parquet", [])


def test_days_at_the_ends_of_the_calendar_are_left_out() -> None:
    assert days_around(["00010101-1", "99991231-1", "20260105-1"]) == {date(2026, 1, day) for day in (4, 5, 6)}


@pytest.mark.parametrize("name", ["a\n optional int32 b", "a (STRING)\n}", "\0", "x" * 100_000, "a = 5", "é\u2028", ""])
def test_newline_in_the_name_of_a_column_forges_no_column(name: str) -> None:
    fields = [("Op", "optional binary Op (STRING)"), (name, f"optional int32 {name} (DATE)"), ("z", "required int64 z")]
    assert parquet_columns(fields) == {"Op": String(), name: Date(), "z": BIGINT}


@pytest.mark.parametrize("letter", [" ", "é", "\n", "𝔘"])
def test_reason_of_a_file_of_badly_named_columns_fits_into_an_item(letter: str) -> None:
    columns = {f"_hoodie_{number}{letter * 200}": INT for number in range(1_300)}
    problems = list(impossible_names(CONFIG, SchemaVersion("s3://staging/s/t/x.parquet", columns), HUDI))
    assert len(problems) == 1_300
    reason = bounded_reason(str(SchemaChangeRefusedError(problems).of_table("s.t", "rename them")))
    assert reason.isprintable()
    assert len(reason.encode()) <= 40_000


class Field:
    """A field as Parquet's Java library has it; thousands of mocks would take a second."""

    def __init__(self, position: int) -> None:
        self._name = f"c{position}"

    def getName(self) -> str:  # noqa: N802 - Java's name
        return self._name

    def toString(self) -> str:  # noqa: N802 - Java's name
        return f"optional int32 {self._name}"


@pytest.mark.parametrize(("columns", "is_read"), [(4_096, True), (10_001, False), (2**31 - 1, False)])
def test_footer_of_more_columns_than_a_table_has_is_refused_unread(
    columns: int, is_read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    footer = Mock()
    schema = footer.getFileMetaData().getSchema()
    schema.getFieldCount.return_value, schema.getType.side_effect = columns, Field
    monkeypatch.setattr(parquet_footers, "open_parquet", lambda *_: footer)
    spark = cast("SparkSession", None)
    if is_read:
        assert len(parquet_footers.read_columns(spark, [load(1, 1)])[load(1, 1).file_id]) == columns
    else:
        with pytest.raises(RejectedInputError, match="columns, and no table has more than 10,000"):
            parquet_footers.read_columns(spark, [load(1, 1)])
    assert schema.getType.call_count == (columns if is_read else 0)
    footer.close.assert_called_once()
