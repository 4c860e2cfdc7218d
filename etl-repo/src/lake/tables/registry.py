"""The table formats by the names that configuration gives them: one line for each. No Spark is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from lake.tables.capabilities import TableFormat
from lake.tables.hudi.capabilities import HUDI
from lake.tables.iceberg.capabilities import ICEBERG

FormatName = Literal["hudi", "iceberg"]
"""What manifests may say; a test holds it to the lines below."""
FORMATS: Mapping[str, TableFormat] = {
    "hudi": TableFormat(HUDI, "lake.tables.hudi.table"),
    "iceberg": TableFormat(ICEBERG, "lake.tables.iceberg.table"),
}
