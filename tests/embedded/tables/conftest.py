"""A lake of the emulator's Data Catalog and S3, written natively; its reader is pyiceberg as everybody has it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from pyiceberg.catalog.glue import GlueCatalog

from lake.tables.iceberg_native import lake_io
from lake.tables.iceberg_native.data_catalog import data_catalog
from rehearsal.emulator.process import Emulator
from tests.unit.lake.iceberg_native.lake import DATABASE, ROWS, Lake, LakeTable


@contextmanager
def use(emulator: Emulator, account: str, variables: pytest.MonkeyPatch) -> Iterator[None]:
    """Give this process a function's variables, in which boto3 and Arrow find endpoint and the caller's credentials."""
    for name, value in {**emulator.shell_environment(account), "AWS_REGION": emulator.settings.region}.items():
        variables.setenv(name, value)
    variables.setattr(boto3, "DEFAULT_SESSION", None)
    yield
    for of_one_account in (lake_io._s3, lake_io._s3_client):
        of_one_account.cache_clear()


def lake_of(emulator: Emulator, account: str, bucket: str) -> Lake:
    """The lake of an account, with a reader that knows nothing of the product."""
    root = {"access-key-id": account, "secret-access-key": emulator.root_secret, "region": emulator.settings.region}
    of_reader = {f"{service}.{name}": value for service in ("glue", "s3") for name, value in root.items()}
    endpoints = {f"{service}.endpoint": emulator.endpoint for service in ("glue", "s3")}
    return Lake(f"s3://{bucket}", data_catalog(), GlueCatalog("reader", **of_reader, **endpoints))


@pytest.fixture
def glue(aws: Callable[[str], Any]) -> Any:
    return aws("glue")


@pytest.fixture
def lake(emulator: Emulator, account: str, bucket: str, glue: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    glue.create_database(DatabaseInput={"Name": DATABASE})
    with use(emulator, account, monkeypatch):
        yield lake_of(emulator, account, bucket)


@pytest.fixture
def table(lake: Lake) -> LakeTable:
    """A table that does not exist yet, partitioned by REGION."""
    return lake.table()


@pytest.fixture
def loaded(table: LakeTable) -> LakeTable:
    """The table with three rows in three partitions."""
    table.change(ROWS)
    return table
