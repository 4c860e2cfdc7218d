"""Parses rows: each becomes conformed values, or keeps its text with the reasons why it is malformed."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from taxi.conformed import bounds
from taxi.conformed.conversion import from_text, from_value, is_no_value
from taxi.conformed.file_layouts import FileWithLayout
from taxi.conformed.source_rows import FILE_BYTES, PLACE, ROW_BYTES, NumberedFiles, SourceRows, read_rows
from taxi.datasets.dataset import TYPE_RULES, Dataset
from taxi.datasets.dataset import Column as Declared

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

IS_ROW, MALFORMED = "_is_row", "_malformed"
"""Whether a line is more than blank; what a malformed row says and why it is malformed, NULL in a sound one."""
TEXT, REASON = f"{MALFORMED}.text", f"{MALFORMED}.reason"
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class _Problem:
    """A possible fault of a row, and its message."""

    is_met: Column
    message: Column


def parse(spark: SparkSession, dataset: Dataset, files: NumberedFiles) -> DataFrame:
    """Parse files of one layout: the position of each row, its conformed values, and its faults."""
    alike, rows = files[0][1], read_rows(spark, files)
    values = [_value(alike, rows, name, declared).alias(name) for name, declared in dataset.columns.items()]
    problems = [
        problem
        for name, names in alike.match.names.items()
        for problem in _problems(alike, rows, names, (name, dataset.columns[name]))
    ]
    is_wrong = reduce(operator.or_, (problem.is_met for problem in problems), rows.miscounted.isNotNull())
    described = F.concat_ws("; ", *(F.when(problem.is_met, problem.message) for problem in problems))
    # a line with the wrong number of values has them in the wrong columns, so their other faults mean nothing
    reason = F.coalesce(rows.miscounted, described)
    malformed = F.struct(_cut(rows.text).alias("text"), _cut(reason).alias("reason"))
    return rows.frame.select("*", *values).select(
        *PLACE,
        FILE_BYTES,
        ROW_BYTES,
        rows.is_row.alias(IS_ROW),
        F.when(rows.is_row & is_wrong, malformed).alias(MALFORMED),
        *dataset.columns,
    )


def _cut(text: Column) -> Column:
    return F.substring(text, 1, bounds.KEPT_TEXT)


def _value(alike: FileWithLayout, rows: SourceRows, name: str, declared: Declared) -> Column:
    if name not in alike.match.names:
        return F.lit(None).cast(TYPE_RULES[declared.type].sql_type)
    return F.coalesce(*(_converted(alike, rows, own, declared) for own in alike.match.names[name]))


def _converted(alike: FileWithLayout, rows: SourceRows, own: str, declared: Declared) -> Column:
    if alike.footer:
        return from_value(rows.values[own], alike.footer.schema[own].dataType, declared.type)
    return from_text(rows.values[own], declared.type, alike.match.layout.timestamp_formats)


def _problems(
    alike: FileWithLayout, rows: SourceRows, names: Sequence[str], target: tuple[str, Declared]
) -> Iterator[_Problem]:
    """Return the possible faults of a value, with its column in the file."""
    name, declared = target
    texts = {own: rows.values[own].cast("string") for own in names}
    is_nothing = {own: is_no_value(text, declared) for own, text in texts.items()}
    for own, text in texts.items():
        # the value of a column that has one source is there already
        value = F.col(name) if len(names) == 1 else _converted(alike, rows, own, declared)
        meaning = TYPE_RULES[declared.type].meaning
        wrong = F.concat(F.lit(f"{own}: '"), F.substring(text, 1, _SHOWN), F.lit(f"' is not {meaning}"))
        yield _Problem(value.isNull() & ~is_nothing[own], wrong)
        if declared.required:
            yield _Problem(value.isNull() & is_nothing[own], F.lit(f"{own}: a value is required"))
    if len(names) > 1:
        given = reduce(operator.add, ((~nothing).cast("int") for nothing in is_nothing.values()))
        yield _Problem(given > 1, F.lit(f"{', '.join(names)}: several have a value"))
