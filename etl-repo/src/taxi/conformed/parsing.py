"""Judges rows: each becomes conformed values, or keeps its text with the reasons why it is malformed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from taxi.conformed.conversion import from_text, from_value
from taxi.conformed.file_layouts import KnownFile
from taxi.conformed.source_rows import IS_ROW, MISCOUNTED, PLACE, TEXT, Numbered, read_rows, source_of
from taxi.datasets.dataset import TYPE_RULES, Dataset
from taxi.datasets.dataset import Column as Declared

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

REASON = "_reason"
"""Why a row is malformed; NULL in a sound one."""
_SHOWN = 100


def parse(spark: SparkSession, dataset: Dataset, files: Numbered) -> DataFrame:
    """Parse files that are written alike: where each row stands, its conformed values, and what is wrong with it."""
    alike = files[0][1]
    rows = read_rows(spark, files)
    values = [_value(alike, name, declared).alias(name) for name, declared in dataset.columns.items()]
    problems = [_problem(alike, name, declared) for name, declared in dataset.columns.items()]
    # a line with the wrong number of values has them in the wrong columns: what they seem to be says nothing
    reason = F.coalesce(F.col(MISCOUNTED), F.concat_ws("; ", *problems))
    judged = rows.select("*", *values).select("*", F.when(F.col(IS_ROW) & (reason != ""), reason).alias(REASON))
    text = F.when(F.col(REASON).isNotNull(), F.col(TEXT)).alias(TEXT)
    return judged.select(*PLACE, IS_ROW, text, REASON, *dataset.columns)


def _value(alike: KnownFile, name: str, declared: Declared) -> Column:
    own = alike.match.sources[name]
    if own is None:
        return F.lit(None).cast(TYPE_RULES[declared.type].sql_type)
    source = F.col(source_of(name))
    if alike.footer:
        return from_value(source, alike.footer.schema[own].dataType, declared.type)
    return from_text(source, declared.type, alike.match.layout.timestamp_formats)


def _problem(alike: KnownFile, name: str, declared: Declared) -> Column:
    """Say what is wrong with a value, naming its column in the file, or NULL."""
    own = alike.match.sources[name]
    if own is None:
        return F.lit(None).cast("string")
    text = F.col(source_of(name)).cast("string")
    meaning = TYPE_RULES[declared.type].meaning
    wrong = F.concat(F.lit(f"{own}: '"), F.substring(text, 1, _SHOWN), F.lit(f"' is not {meaning}"))
    problem = F.when(F.col(name).isNull() & (F.trim(text) != ""), wrong)
    if declared.required:
        problem = problem.when(F.col(name).isNull(), F.lit(f"{own}: a value is required"))
    return problem
