"""A catalog entry of something else under a table's name is refused by name, and nothing is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from odp.refresh import RefreshKind
from pyspark.sql import SparkSession

from lake.errors import RejectedInputError
from lake.tables.iceberg import catalog
from tests.spark.refresher import Refresher

LOAD = "LOAD00000001"
HIVE = "of_hive"
"""A catalog of Iceberg that has entries of other formats, as the Glue Data Catalog has; the session's own has not."""


@pytest.fixture
def refreshed(
    configured: Callable[..., Refresher], land_file: Any, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], Refresher]:
    """Load a table of a format under the name of an entry that is there already."""
    spark.sql("CREATE DATABASE IF NOT EXISTS sales_raw")
    spark.conf.set(f"spark.sql.catalog.{HIVE}", "org.apache.iceberg.spark.SparkCatalog")
    spark.conf.set(f"spark.sql.catalog.{HIVE}.type", "hive")
    spark.conf.set(f"spark.sql.catalog.{HIVE}.cache-enabled", "false")
    monkeypatch.setattr(catalog, "CATALOG", HIVE)

    def load(table_format: str, made_by: str) -> Refresher:
        refresh = configured(table_format=table_format)
        spark.sql(made_by.format(table=f"sales_raw.{refresh.config.raw_table_name}"))
        rows = pa.table({"ID": [1], "SEQ": [""], "REGION": ["north"]})
        refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows))
        return refresh

    return load


def test_table_of_another_format_is_not_made_an_iceberg_table(
    refreshed: Callable[[str, str], Refresher], buckets: Path
) -> None:
    with pytest.raises(RejectedInputError, match="is in the Data Catalog as something else than an Iceberg table; rem"):
        refreshed("iceberg", "CREATE TABLE {table} (mine INT) USING parquet")
    assert not list((buckets / "raw" / "sales_raw").glob("*not_made_an_iceberg*"))


def test_iceberg_table_is_not_made_a_hudi_table(refreshed: Callable[[str, str], Refresher], buckets: Path) -> None:
    """Its entry is all that knows its files; Hudi's sync would take it away."""
    with pytest.raises(RejectedInputError, match="is an Iceberg table of the Data Catalog; remove that table, or"):
        refreshed("hudi", "CREATE TABLE {table} (mine INT) USING parquet TBLPROPERTIES ('table_type' = 'ICEBERG')")
    assert not list((buckets / "raw" / "sales_raw").glob("*not_made_a_hudi*"))
