"""The result of one rule as an Iceberg table, partitioned by day; each snapshot tells what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.tables.iceberg.catalog import TableName, load
from lake.tables.iceberg.commits import expire_old_snapshots, history
from lake.tables.iceberg.days import days_condition
from lake.tables.iceberg.options import TABLE_PROPERTIES, summary_options
from taxi.datasets.dataset import DAY
from taxi.tables import Days, Provenance

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameWriterV2, SparkSession

_SNAPSHOT, _RULES_VERSION = "taxi.conformed-snapshot", "taxi.rules-version"


class IcebergPurposeBuiltTable:
    """Replaced by days or as a whole, never added to."""

    def __init__(self, spark: SparkSession, name: TableName) -> None:
        self._spark = spark
        self._name = name

    def provenance(self) -> Provenance | None:
        """Tell what the table shows, by the newest snapshot that says so; None if it does not exist."""
        table = load(self._spark, self._name.sql)
        for snapshot in history(table) if table else ():
            summary = snapshot.summary()
            if shown := summary.get(_SNAPSHOT):
                return Provenance(shown, summary.get(_RULES_VERSION))
        return None

    def replace_all(self, rows: DataFrame, provenance: Provenance) -> None:
        """Put rows in place of the whole table and its columns, in one step together with what they show."""
        writer = self._writer(rows, provenance).using("iceberg").partitionedBy(F.col(DAY))
        for name, value in {**TABLE_PROPERTIES, "location": self._name.location}.items():
            writer = writer.tableProperty(name, value)
        writer.createOrReplace()
        self._forget()

    def replace_days(self, rows: DataFrame, days: Days, provenance: Provenance) -> None:
        """Put rows in place of those of some days, in one step together with what they show."""
        self._writer(rows, provenance).overwrite(F.expr(days_condition(DAY, days)))
        self._forget()

    def _writer(self, rows: DataFrame, provenance: Provenance) -> DataFrameWriterV2:
        shown = {_SNAPSHOT: provenance.snapshot, _RULES_VERSION: provenance.rules_version}
        return rows.writeTo(self._name.sql).options(**summary_options(shown))

    def _forget(self) -> None:
        expire_old_snapshots(load(self._spark, self._name.sql))
