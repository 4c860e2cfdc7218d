"""The flow's own session beside ODP's, in the same JVM, and a lake of one dataset for each test."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from taxi.datasets.dataset import load_datasets
from taxi.spark_session import with_settings

from tests.spark.taxi.lake import Lake

_numbers = count(1)


@pytest.fixture(scope="session")
def taxi_spark(spark: SparkSession) -> SparkSession:
    session = with_settings(spark.newSession())
    for database in ("conformed", "purpose_built"):
        session.sql(f"CREATE NAMESPACE glue_catalog.{database}")
    return session


@pytest.fixture
def make_lake(taxi_spark: SparkSession, buckets: Path) -> Callable[[str], Lake]:
    """Make a lake of a dataset whose tables and files no other test knows."""

    def make(dataset: str) -> Lake:
        declared, number = load_datasets()[dataset], next(_numbers)
        own = replace(declared, prefix=f"{number}/{declared.prefix}", table=f"{declared.table}_{number}")
        return Lake(taxi_spark, buckets, own)

    return make


@pytest.fixture
def lake(make_lake: Callable[[str], Lake]) -> Lake:
    return make_lake("yellow")
