"""Reads DMS files as one frame of changes: what each row is to the table, and where it stood in the source's order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.spark_session import literal_path
from lake.tables.columns import BIGINT, INT, Columns, ColumnType, String, TimeOfDay, stored_type
from odp.file_processor.apply.row_order import position
from odp.file_processor.apply.source_columns import NamedColumns
from odp.file_processor.apply.spark_failures import refusal
from odp.records import DELETE, INSERT, OPERATION, UPDATE, FileType, LandedFile, RawTableConfig

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


# Times of day as text `HH:MM:SS.ffffff`, for every unit of a file, below zero and above 24 hours too.


_MICROSECONDS = {"millis": 1000, "micros": 1}
_PHYSICAL = {"millis": INT, "micros": BIGINT}


def physical_type(type_: ColumnType) -> ColumnType:
    """Return the type in which Spark can read a column: a time of day is a number, any other is what it is."""
    return _PHYSICAL[type_.unit] if isinstance(type_, TimeOfDay) else type_


def time_text(quoted: str, type_: TimeOfDay) -> Column:
    """Write the number that a time of day is; Spark's own formats know no hour beyond 23 and would wrap it."""
    value = f"(CAST({quoted} AS BIGINT) * {_MICROSECONDS[type_.unit]})"
    size = f"abs({value})"
    text = F.format_string(
        "%s%02d:%02d:%02d.%06d",
        F.expr(f"IF({value} < 0, '-', '')"),
        F.expr(f"{size} div 3600000000"),
        F.expr(f"{size} div 60000000 % 60"),
        F.expr(f"{size} div 1000000 % 60"),
        F.expr(f"{size} % 1000000"),
    )
    return F.when(F.expr(f"{quoted} IS NOT NULL"), text)


# Reads DMS files as one frame of changes.


_OLD_KEY = "_odp_old_"
_IS_OLD = "_odp_is_old"


@dataclass(frozen=True, slots=True)
class ChangeReader:
    """Reads files as rows of a table with these columns, whose configuration has the table's own names."""

    spark: SparkSession
    config: RawTableConfig
    columns: Columns

    def read(self, files: Sequence[LandedFile], named: Mapping[str, NamedColumns]) -> DataFrame:
        """Read files; `named` has their columns by file id; each row has its operation and its position."""
        alike: defaultdict[tuple[FileType, str], list[LandedFile]] = defaultdict(list)
        for file in files:
            alike[file.file_type, repr(named[file.file_id])].append(file)
        first, *others = (self._read(group, named[group[0].file_id]) for group in alike.values())
        return reduce(lambda rows, other: rows.unionByName(other), others, first)

    def _read(self, files: Sequence[LandedFile], named: NamedColumns) -> DataFrame:
        of_file = {source: named.types[name] for name, source in named.sources.items()}
        of_file |= dict(named.before_images.values())
        schema = ", ".join(f"{_quoted(name)} {physical_type(type_)}" for name, type_ in of_file.items())
        rows = self.spark.read.schema(schema).parquet(*(literal_path(file.uri) for file in files))
        is_change = not files[0].is_load
        values = {name: _value(named, name, type_) for name, type_ in self.columns.items()}
        values[OPERATION] = _operation(named, is_change=is_change)
        images = {name: source for name, (source, _) in named.before_images.items()}
        keys = {key: images[key] for key in self.config.primary_key if key in images}
        for key, source in keys.items():
            values[_OLD_KEY + key] = _converted(source, of_file[source], self.columns[key])
        selected = [value.alias(name) for name, value in values.items()]
        placed = position(self._sequence(named), is_change=is_change)
        return _with_old_keys(rows.select(*selected, *placed), [*keys])

    def _sequence(self, named: NamedColumns) -> Column | None:
        name = self.config.change_sequence or ""
        return F.col(_quoted(named.sources[name])) if named.types.get(name) == String() else None


def cast_to(columns: Columns, of_table: Columns) -> list[Column]:
    """Return the expressions that turn columns of a table into others of the same names; a new column is NULL."""
    return [
        (_converted(name, of_table[name], type_) if name in of_table else F.lit(None).cast(str(type_))).alias(name)
        for name, type_ in columns.items()
    ]


def _operation(named: NamedColumns, *, is_change: bool) -> Column:
    """Return DMS's kind of each change, which no row may lack: a load's rows are inserts."""
    source = named.sources.get(OPERATION)
    if source is None:
        # nullable, as in files of changes: Hudi converts every row of a data file whose schema says otherwise
        return F.when(F.lit(True), F.lit(INSERT))
    operation = F.col(_quoted(source)).cast("string")
    if named.before_images:
        operation = _without_images_of_inserts(operation, [image for image, _ in named.before_images.values()])
    known = (INSERT, UPDATE, DELETE) if is_change else (INSERT,)
    said = F.concat(F.lit("'"), operation, F.lit("'"))
    text = F.concat(F.col("_metadata.file_name"), F.lit(" has a row with "), F.coalesce(said, F.lit("NULL")))
    return F.when(operation.isin(*known), operation).otherwise(refusal(_OF_CHANGE if is_change else _OF_LOAD, text))


def _without_images_of_inserts(operation: Column, images: Sequence[str]) -> Column:
    """Refuse an inserted row with a before-image: DMS does not write it, so the column belongs to the source."""
    named = [F.when(F.col(_quoted(image)).isNotNull(), F.lit(image)) for image in images]
    found = F.coalesce(*named)
    is_own = (operation == INSERT) & found.isNotNull()
    text = F.concat(F.col("_metadata.file_name"), F.lit(" has an inserted row with a value in the column "), found)
    return F.when(is_own, refusal(_OF_IMAGE, text)).otherwise(operation)


_OF_IMAGE = (
    "which is named as a before-image of DMS (add-before-image-columns), though DMS has none of a new row; let the DMS "
    "task rename a source column of this name by a transformation rule (rename-column)"
)
_OF_CHANGE = (
    f"in the column {OPERATION!r}, which is DMS's I, U or D in files of changes; let the DMS task rename a source "
    "column of this name by a transformation rule (rename-column)"
)
_OF_LOAD = (
    f"in the column {OPERATION!r}, which is DMS's and I in every row of a full load; set IncludeOpForFullLoad to true "
    "on the DMS endpoint, and rename a source column of this name by a transformation rule (rename-column)"
)


def _with_old_keys(rows: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Split an update that changed the key: the old key is deleted, the new one upserted, at one position."""
    if not keys:
        return rows
    old = {key: F.col(_OLD_KEY + key) for key in keys}
    is_other = reduce(or_, (old[key].isNotNull() & ~old[key].eqNullSafe(F.col(key)) for key in keys))
    once, twice = F.array(F.lit(False)), F.array(F.lit(True), F.lit(False))
    moved = (F.col(OPERATION) == UPDATE) & is_other
    both = rows.withColumn(_IS_OLD, F.explode(F.when(moved, twice).otherwise(once)))
    is_old = F.col(_IS_OLD)
    values = {key: F.when(is_old, F.coalesce(old[key], F.col(key))).otherwise(F.col(key)) for key in keys}
    values[OPERATION] = F.when(is_old, F.lit(DELETE)).otherwise(F.col(OPERATION))
    return both.withColumns(values).drop(_IS_OLD, *(_OLD_KEY + key for key in keys))


def _value(named: NamedColumns, name: str, type_: ColumnType) -> Column:
    if name not in named.types:
        return F.lit(None).cast(str(type_))
    return _converted(named.sources[name], named.types[name], type_)


def _converted(source: str, old: ColumnType, new: ColumnType) -> Column:
    if isinstance(old, TimeOfDay):
        return time_text(_quoted(source), old)
    column = F.col(_quoted(source))
    return column if stored_type(old) == new else column.cast(str(new))


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
