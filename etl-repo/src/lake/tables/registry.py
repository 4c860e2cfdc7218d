"""The table formats by the names that configuration gives them: one line for each. No Spark is imported here."""

from __future__ import annotations

from collections.abc import Mapping

from lake.tables.capabilities import TableFormat
from lake.tables.hudi.capabilities import HUDI
from lake.tables.iceberg.capabilities import ICEBERG

FORMATS: Mapping[str, TableFormat] = {
    "hudi": TableFormat(HUDI, "lake.tables.hudi.table"),
    "iceberg": TableFormat(ICEBERG, "lake.tables.iceberg.table"),
}
