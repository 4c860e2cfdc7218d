"""Orders the rows of a refresh as the source made them, and gives them keys; no column of the source is written to.

The last row of a key wins: any change is later than any row of a load. Changes follow DMS's change sequence where all
changes of the key have a valid one, otherwise file names and the rows' positions, which is DMS's own order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from lake.tables.columns import Binary, Columns, ColumnType, String
from odp.file_processor.apply.technical_columns import KEY, VERSION, technical_columns
from odp.records import VALID_SEQUENCE, RawTableConfig

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


IS_CHANGE, SEQUENCE, FILE, ROW = "_odp_is_change", "_odp_sequence", "_odp_file", "_odp_row"
_PATH = "_odp_path"
POSITION = (IS_CHANGE, SEQUENCE, FILE, ROW, _PATH)
"""The columns that say where a row stood in the source's order."""

_SEQUENCED, _LAST_BY_SEQUENCE, _LAST_BY_FILE = "_odp_sequenced", "_odp_last_by_sequence", "_odp_last_by_file"


def position(sequence: Column | None, *, is_change: bool) -> list[Column]:
    """Add the position of each row of a file; changes may have a text column with their sequence."""
    values = (
        F.lit(is_change),
        F.when(sequence.rlike(VALID_SEQUENCE), sequence)
        if is_change and sequence is not None
        else F.lit(None).cast("string"),
        F.col("_metadata.file_name"),
        F.col("_metadata.row_index"),
        F.xxhash64(F.col("_metadata.file_path")),  # two files of one name, in two folders
    )
    return [value.alias(name) for name, value in zip(POSITION, values, strict=True)]


def last_row_per_key(
    rows: DataFrame, keys: Sequence[str], *, has_sequence: bool, of_all: Mapping[str, Column] = MappingProxyType({})
) -> DataFrame:
    """Keep the last row of each key, in one shuffle and one sort; a delete followed by an insert stays an insert.

    The last row gets the columns `of_all`, which are aggregates of all rows of its key.
    """
    per_key = Window.partitionBy(*keys)
    by_file = F.struct(IS_CHANGE, FILE, ROW, _PATH)
    last: dict[str, Column] = {_LAST_BY_FILE: F.max(by_file).over(per_key)}
    is_last = F.col(_LAST_BY_FILE) == by_file
    if has_sequence:
        by_sequence = F.struct(IS_CHANGE, SEQUENCE, FILE, ROW, _PATH)
        is_sequenced = ~F.col(IS_CHANGE) | F.col(SEQUENCE).isNotNull()
        last[_SEQUENCED] = F.min(is_sequenced).over(per_key)
        last[_LAST_BY_SEQUENCE] = F.max(by_sequence).over(per_key)
        is_last = F.when(F.col(_SEQUENCED), F.col(_LAST_BY_SEQUENCE).eqNullSafe(by_sequence)).otherwise(is_last)
    last |= {name: aggregate.over(per_key) for name, aggregate in of_all.items()}
    return rows.withColumns(last).filter(is_last).drop(*(name for name in last if name not in of_all))


# The framework's own record key and version of rows.
#
# A snapshot table with one key column needs neither. Keys of several columns become one text that no two keys share;
# rows of a historical table have their version besides, which is a part of their record key.


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
    """Return the key of a row as one text: parts are joined by commas, a comma or a backslash in a part is escaped."""
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
