"""A run that dies while Hudi makes a table leaves nothing that the next one cannot go on from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.records import RawTableConfig
from pyspark.sql import SparkSession

from tests.spark.refresher import Refresher

MADE_BEFORE_THE_PROPERTIES = ("", "timeline", "timeline/history", ".schema", ".temp", ".aux/.bootstrap/.fileids")


@pytest.fixture
def refresh(spark: SparkSession, table_config: Callable[..., RawTableConfig], buckets: Path) -> Refresher:
    return Refresher(SparkTableWriter(spark), table_config(), buckets)


def rows(*keys: int, **further: list[str]) -> pa.Table:
    return pa.table({**further, "ID": keys, "REGION": ["north"] * len(keys), "SEQ": [f"{1:035d}"] * len(keys)})


def test_table_whose_making_was_cut_short_is_made_anew(refresh: Refresher, land_file: Any) -> None:
    for folder in MADE_BEFORE_THE_PROPERTIES:
        (refresh.folder / ".hoodie" / folder).mkdir(parents=True, exist_ok=True)
    refresh(land_file(refresh.key("LOAD00000001"), rows(1, 2)))
    assert refresh.values("ID") == [(1,), (2,)]


def test_table_whose_properties_were_cut_short_while_written_anew_keeps_its_rows(
    spark: SparkSession, refresh: Refresher, land_file: Any
) -> None:
    refresh(land_file(refresh.key("LOAD00000001"), rows(1, 2)))
    properties = refresh.folder / ".hoodie" / "hoodie.properties"
    properties.rename(properties.with_suffix(".properties.backup"))
    (properties.parent / ".hoodie.properties.crc").unlink(missing_ok=True)
    refresh(land_file(refresh.key("20260101-000000001"), rows(3, Op=["I"])))
    found = spark.read.format("hudi").load(refresh.config.base_path).collect()
    assert sorted(row["ID"] for row in found) == [1, 2, 3]


def test_table_that_lost_its_properties_but_not_its_data_is_not_taken_for_a_new_one(
    refresh: Refresher, land_file: Any
) -> None:
    refresh(land_file(refresh.key("LOAD00000001"), rows(1, 2)))
    held = sorted(refresh.folder.rglob("*.parquet"))
    (refresh.folder / ".hoodie" / "hoodie.properties").unlink()
    with pytest.raises(Exception, match=r"hoodie\.properties"):
        refresh(land_file(refresh.key("20260101-000000001"), rows(3, Op=["I"])))
    assert sorted(refresh.folder.rglob("*.parquet")) == held
