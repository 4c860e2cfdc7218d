"""Gives rows a record key and a version of the framework's own, where columns of the source cannot be one.

A snapshot table with one key column needs neither. Keys of several columns become one text that no two keys share;
rows of a historical table have their version besides, which is a part of their record key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.tables.columns import Binary, Columns, ColumnType, String
from odp.file_processor.apply.row_order import FILE, IS_CHANGE, ROW, SEQUENCE
from odp.file_processor.apply.technical_columns import KEY, VERSION, technical_columns
from odp.records import RawTableConfig

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_NULL = "\\N"  # no text is: a backslash in a text is doubled
_ROW_DIGITS = 10


def with_keys(rows: DataFrame, config: RawTableConfig, columns: Columns) -> DataFrame:
    """Add the record key if the table has one of the framework's own; historical rows have their version already."""
    own = technical_columns(config)
    if not own:
        return rows
    parts = [key_text(config, columns), *([F.col(VERSION)] if VERSION in own else [])]
    # an expression that may be NULL: Hudi converts every row of a data file whose schema says otherwise
    return rows.withColumn(KEY, F.when(F.lit(True), F.concat_ws(",", *parts)))


def key_text(config: RawTableConfig, columns: Columns) -> Column:
    """Give the key of a row as one text: parts are joined by commas, a comma or a backslash in a part is escaped."""
    return F.concat_ws(",", *(_part(key, columns[key]) for key in config.primary_key))


def with_versions(rows: DataFrame, load_version: str) -> DataFrame:
    """Add the version to rows that have their position: texts in which later versions of a key are greater."""
    by_file = F.concat(F.col(FILE), F.lit("#"), F.lpad(F.col(ROW).cast("string"), _ROW_DIGITS, "0"))
    of_change = F.coalesce(F.col(SEQUENCE), by_file)
    return rows.withColumn(VERSION, F.when(F.col(IS_CHANGE), of_change).otherwise(F.lit(load_version)))


def _part(key: str, type_: ColumnType) -> Column:
    if isinstance(type_, String):
        text = F.replace(F.replace(F.col(key), F.lit("\\"), F.lit("\\\\")), F.lit(","), F.lit("\\,"))
    else:
        text = F.hex(F.col(key)) if isinstance(type_, Binary) else F.col(key).cast("string")
    return F.coalesce(text, F.lit(_NULL))
