"""The properties of tables that this writer makes: those of the Spark engine, and how its data files are written."""

from __future__ import annotations

from lake.tables.iceberg.options import MERGED_TABLE_PROPERTIES
from lake.tables.iceberg_native.data_file_writer import TARGET_FILE_BYTES

TARGET_PROPERTY = "write.target-file-size-bytes"

PROPERTIES = MERGED_TABLE_PROPERTIES | {
    "write.parquet.compression-codec": "zstd",
    TARGET_PROPERTY: str(TARGET_FILE_BYTES),
}
