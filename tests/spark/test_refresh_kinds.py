"""What each kind of refresh does to the rows that a snapshot table holds already."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.records import LandedFile, RawTableConfig
from odp.refresh import RefreshKind
from pyspark.sql import SparkSession

from lake.errors import ObjectGoneError, RejectedInputError
from lake.tables.hudi.table import HudiTable
from tests.spark.refresher import Refresher

LOAD, SECOND_PART, FIRST, SECOND = "LOAD00000001", "LOAD00000002", "20260101-000000001", "20260101-000000002"

MERGE_ON_READ_IS_SLOW = ("copy_on_write", pytest.param("merge_on_read", marks=pytest.mark.slow))
"""Where a table of the other type takes the same path, or none."""


@pytest.fixture(params=["copy_on_write", "merge_on_read"])
def refresh(request: pytest.FixtureRequest, configured: Callable[..., Refresher]) -> Refresher:
    return configured(partition_key="REGION", hudi_table_type=request.param)


def rows(*keys: int, op: str | None = None, value: str = "loaded", region: str = "north") -> pa.Table:
    count = len(keys)
    named = {"ID": pa.array(keys, pa.int64()), "REGION": [region] * count, "V": [value] * count, "SEQ": [""] * count}
    return pa.table({"Op": [op] * count, **named} if op else named)


@pytest.mark.parametrize("refresh", MERGE_ON_READ_IS_SLOW, indirect=True)
def test_further_parts_of_a_load_join_the_earlier_ones_and_no_key_is_there_twice(
    refresh: Refresher, land_file: Any
) -> None:
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows(1, 2)))
    part = land_file(refresh.key(SECOND_PART), rows(2, 3, value="written twice", region="south"))
    refresh.apply(RefreshKind.INITIAL, part, land_file(refresh.key(FIRST), rows(1, op="D")))
    assert refresh.values("ID", "V", "REGION") == [(2, "written twice", "south"), (3, "written twice", "south")]


def test_emptied_table_has_no_rows_its_columns_and_the_proof_of_the_refresh(refresh: Refresher, land_file: Any) -> None:
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows(1, 2)))
    committed = refresh.apply(RefreshKind.EMPTY, generation=2, epoch=12)
    assert (committed.file_ids, committed.state.generation, committed.epoch) == (frozenset(), 2, 12)
    assert refresh.table().num_rows == 0
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows(3)), generation=2)
    assert refresh.values("ID", "V") == [(3, "loaded")]


@pytest.mark.parametrize("refresh", MERGE_ON_READ_IS_SLOW, indirect=True)
def test_table_that_is_not_there_cannot_be_emptied(refresh: Refresher) -> None:
    with pytest.raises(RejectedInputError, match="there is no table to empty"):
        refresh.apply(RefreshKind.EMPTY)


@pytest.mark.parametrize("refresh", MERGE_ON_READ_IS_SLOW, indirect=True)
def test_reload_replaces_every_row_and_schema(refresh: Refresher, land_file: Any) -> None:
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows(1, 2)))
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), rows(1, op="U", value="changed")))
    reload = rows(2, 3).drop_columns(["V"])
    changes = rows(3, op="U", region="south").drop_columns(["V"])
    refresh.apply(
        RefreshKind.RELOAD,
        land_file(refresh.key(LOAD), reload),
        land_file(refresh.key(SECOND), changes),
        generation=2,
    )
    assert refresh.values("ID", "REGION") == [(2, "north"), (3, "south")]
    assert "V" not in refresh.table().column_names


def test_buckets_are_named_by_role_and_found_by_their_physical_names(
    spark: SparkSession, table_config: Callable[..., RawTableConfig], land_file: Any, buckets: Any
) -> None:
    """Folders named conformed and staging play the physical buckets of the roles raw and landing."""
    config = table_config(raw_database_s3_bucket="raw-role", partition_key=None)
    writer = SparkTableWriter(spark, {"raw-role": "conformed", "landing-role": "staging"})
    refresh = Refresher(writer, config, buckets)
    file = land_file(refresh.key(LOAD), rows(1))
    refresh.apply(RefreshKind.INITIAL, _with_bucket(file, "landing-role"))
    refresh.folder = buckets / "conformed" / config.raw_database_name / config.raw_table_name
    assert refresh.values("ID") == [(1,)]
    refresh.writer.publish(config, "")


def _with_bucket(file: LandedFile, bucket: str) -> LandedFile:
    from dataclasses import replace

    return replace(file, bucket=bucket)


@pytest.mark.parametrize("refresh", MERGE_ON_READ_IS_SLOW, indirect=True)
def test_file_that_is_gone_is_a_transient_failure_that_names_it(
    refresh: Refresher, land_file: Any, buckets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = (land_file(refresh.key(name), rows(1, op="I")) for name in (FIRST, SECOND))
    path = buckets / "staging" / file.key
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(ObjectGoneError, match=rf"{file.uri} was deleted"):
        refresh.apply(RefreshKind.INITIAL, file, other)
    path.write_bytes(content)

    apply = HudiTable.apply

    def gone_while_reading(*arguments: Any) -> None:
        path.unlink()
        apply(*arguments)

    monkeypatch.setattr(HudiTable, "apply", gone_while_reading)
    with pytest.raises(ObjectGoneError, match=rf"{file.uri} was deleted"):
        refresh.apply(RefreshKind.INITIAL, file, other)
