"""Iceberg tables are read from their files by code of this project's own, and hold what another writer put there."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table
from pyiceberg.types import DoubleType, LongType

from rehearsal.validation.comparison import compare
from rehearsal.validation.iceberg_files import IcebergFilesError, read_iceberg_files, read_records

ROWS = pa.table(
    {
        "K": pa.array([1, 2, 3], pa.int32()),
        "NAME": ["", None, "é"],
        "AT": pa.array([datetime(2021, 1, 1, 12, 0, 0, 1, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")),
        "LOCAL": pa.array([datetime(2021, 1, 1), None, None], pa.timestamp("us")),  # noqa: DTZ001 - has no zone
        "DAY": [date(1400, 1, 1), None, date(9999, 12, 31)],
        "PRICE": pa.array([Decimal("2.50"), None, Decimal("-0.01")], pa.decimal128(12, 2)),
        "PART": pa.array([0.1, None, float("nan")], pa.float32()),
        "BYTES": [b"", None, b"\x00\xff"],
        "FLAG": [True, None, False],
    }
)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[SqlCatalog]:
    catalog = SqlCatalog("lake", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("db")
    yield catalog
    catalog.close()


@pytest.fixture
def table(catalog: SqlCatalog) -> Table:
    table = catalog.create_table("db.t", ROWS.schema)
    table.append(ROWS)
    return table


def read(uri: str) -> bytes:
    return Path(uri.removeprefix("file://")).read_bytes()


def found(table: Table) -> pa.Table:
    return read_iceberg_files(table.metadata_location, read)


def test_values_of_every_type_are_those_that_were_written(table: Table) -> None:
    assert compare("t", ROWS, found(table), ["K"]).differences == ()


def test_rows_of_several_commits_are_those_that_are_left(table: Table) -> None:
    table.append(ROWS.set_column(0, "K", pa.array([4, 5, 6], pa.int32())))
    table.delete("K = 2")
    assert sorted(found(table)["K"].to_pylist()) == [1, 3, 4, 5, 6]


def test_older_files_are_read_by_the_schema_that_the_table_has_now(table: Table) -> None:
    with table.update_schema() as update:
        update.update_column("K", LongType())
        update.update_column("PART", DoubleType())
        update.rename_column("NAME", 'It\'s "named"')
        update.add_column("LATER", LongType())
    now = found(table)
    assert now.schema.field("K").type == pa.int64()
    assert sorted(now['It\'s "named"'].to_pylist(), key=str) == ["", None, "é"]
    assert now["LATER"].to_pylist() == [None] * 3


def test_table_without_a_commit_or_without_rows_has_none(catalog: SqlCatalog, table: Table) -> None:
    assert found(catalog.create_table("db.new", ROWS.schema)).num_rows == 0
    table.delete("K > 0")
    assert found(table).num_rows == 0


def test_column_of_a_type_that_the_lake_never_writes_is_an_error(catalog: SqlCatalog) -> None:
    nested = catalog.create_table("db.nested", pa.schema([("K", pa.int64()), ("L", pa.list_(pa.int64()))]))
    nested.append(pa.table({"K": [1], "L": [[1]]}, schema=nested.schema().as_arrow()))
    with pytest.raises(IcebergFilesError, match="has a column L of the type"):
        found(nested)


@pytest.mark.parametrize("content", [b"PAR1", b"Obj\x01\x02", b""])
def test_damaged_avro_file_is_an_error(content: bytes) -> None:
    with pytest.raises(IcebergFilesError, match="is no Avro file, or damaged"):
        read_records(content)


def test_manifest_of_which_the_end_is_missing_is_an_error(table: Table) -> None:
    snapshot = table.current_snapshot()
    assert snapshot is not None
    content = read(snapshot.manifest_list)
    assert len(read_records(content)) == 1
    with pytest.raises(IcebergFilesError, match="damaged"):
        read_records(content[: len(content) // 2])
