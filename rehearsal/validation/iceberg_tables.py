"""Reads Iceberg tables of the Data Catalog with pyiceberg, which shares no code with the Spark that wrote them."""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from rehearsal.validation.lake import LakeTableError


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
