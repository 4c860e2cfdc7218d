"""A session of the flow's own beside that of ODP, in the same JVM, and a lake of one dataset for each test."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from taxi.datasets.definitions import load_datasets
from taxi.spark_session import with_settings

from tests.spark.taxi.lake import Lake

_tables = count(1)


@pytest.fixture(scope="session")
def taxi_spark(spark: SparkSession) -> Iterator[SparkSession]:
    session = with_settings(spark.newSession())
    for database in ("conformed", "purpose_built"):
        session.sql(f"CREATE NAMESPACE glue_catalog.{database}")
    yield session


@pytest.fixture(params=["yellow"])
def lake(request: pytest.FixtureRequest, taxi_spark: SparkSession, buckets: Path) -> Lake:
    """A lake whose tables no other test writes."""
    dataset = load_datasets()[request.param]
    unique = f"t{next(_tables)}"
    dataset = replace(dataset, prefix=f"{unique}/{dataset.prefix}", table=f"{unique}_{dataset.table}")
    return Lake(taxi_spark, buckets, dataset)
