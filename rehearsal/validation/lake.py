"""Reads tables of the lake with hudi-rs and pyiceberg, which share no code with the Spark that wrote them."""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from hudi import HudiTableBuilder
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

# Reads a table of the lake with hudi-rs, which shares no code with the Spark that wrote it.


class LakeTableError(Exception):
    """A table of the lake is absent or cannot be read."""


@dataclass(frozen=True, slots=True)
class LakeReader:
    """Reads snapshots from an S3 endpoint; without one, from local folders."""

    endpoint: str = ""
    access_key: str = ""
    secret_key: str = ""
    region: str = "us-east-1"

    def read(self, base_uri: str) -> pa.Table:
        """Every current row of the Hudi table at this address, Hudi's own columns included."""
        try:
            table = HudiTableBuilder.from_base_uri(base_uri).with_options(self._options()).build()
            batches = table.read()
            schema = batches[0].schema if batches else table.get_schema()
        except Exception as error:  # hudi-rs raises plain Exceptions of its own, for absent tables too
            raise LakeTableError(f"{base_uri} {_reason(error)}") from error
        return pa.Table.from_batches(batches, schema)

    def _options(self) -> dict[str, str]:
        if not self.endpoint:
            return {}
        return {
            "aws_endpoint": self.endpoint,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_region": self.region,
            "aws_allow_http": "true",
            "aws_virtual_hosted_style_request": "false",
        }


def _reason(error: Exception) -> str:
    """What people need of hudi-rs's message, which may quote a whole HTTP answer."""
    said, *_ = str(error).splitlines() or [type(error).__name__]
    return "holds no Hudi table" if "hoodie.properties not found" in said else f"cannot be read: {said[:300]}"


# Reads Iceberg tables of the Data Catalog with pyiceberg, which shares no code with the Spark that wrote them.


@dataclass(frozen=True)
class IcebergReader:
    """Reads current snapshots by way of the Data Catalog of one account."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    def read(self, database: str, table: str) -> pa.Table:
        """Every current row of a table."""
        return self.table(database, table).scan().to_arrow()

    def table(self, database: str, table: str) -> Table:
        """A table with its snapshots."""
        try:
            return self._catalog.load_table((database, table))
        except NoSuchTableError as error:
            raise LakeTableError(f"{database}.{table} is not in the Data Catalog") from error

    @cached_property
    def _catalog(self) -> Catalog:
        access = {
            "endpoint": self.endpoint,
            "region": self.region,
            "access-key-id": self.access_key,
            "secret-access-key": self.secret_key,
        }
        of_services = {f"{service}.{name}": value for service in ("glue", "s3") for name, value in access.items()}
        return load_catalog("lake", type="glue", **of_services)
