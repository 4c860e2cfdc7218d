"""The Spark session of the flow's Glue jobs; catalog and storage come configured by the job's own arguments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lake.spark_session import SHARED_SETTINGS, job_session, set_up

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SETTINGS = {
    **SHARED_SETTINGS,  # source times are local to New York and kept as if they were UTC
    # a value that cannot be converted becomes NULL, which the reader reports; an exception would stop the run
    "spark.sql.ansi.enabled": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    # Java never compiles a method beyond this; one that parses a whole row exceeds it and would be interpreted for ever
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # rows are kept once, to be read two or three times: compressing them costs more than it saves
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
}

_CASE_SENSITIVE = "spark.sql.caseSensitive"


def taxi_session(application_name: str) -> SparkSession:
    """Return the job's session, with the settings that the flow needs regardless of the job's arguments."""
    return with_settings(job_session(application_name))


def with_settings(session: SparkSession) -> SparkSession:
    """Apply the settings for reading, converting and comparing days."""
    set_up(session, SETTINGS)
    return session


@contextmanager
def exact_names(session: SparkSession) -> Iterator[None]:
    """Make column names case-sensitive: otherwise Spark refuses a Parquet file with `airport_fee` and `Airport_fee`."""
    before = session.conf.get(_CASE_SENSITIVE)
    session.conf.set(_CASE_SENSITIVE, "true")
    try:
        yield
    finally:
        session.conf.set(_CASE_SENSITIVE, before or "false")


def frame_of(session: SparkSession, rows: Iterable[Mapping[str, object]], schema: str) -> DataFrame:
    """Return a few rows as a frame made in the JVM; `createDataFrame` would start Python workers for them.

    `schema` is DDL, such as `name string, number int`.
    """
    return session.sql("SELECT inline(from_json(?, ?))", args=[json.dumps([*rows]), f"array<struct<{schema}>>"])
