"""A shop's database, and a lake whose replication of it is deployed as synthesised."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odp_cli.operate.replications import Replication, replication_of

from rehearsal.deployment.assembly import Assembly, FileAsset, Stack, synthesise
from rehearsal.deployment.deployer import deploy
from rehearsal.emulator.process import Emulator
from rehearsal.source.mariadb.server import MariaDbServer
from rehearsal.source.postgres.server import PostgresServer
from rehearsal.source.server import DatabaseServer
from tests.configuration import KNOWN
from tests.tools.rehearsal.dms.databases import Database, MariaDatabase, PostgresDatabase

SECONDS = 120
CADENCE = {
    "refresh_cadence": "1_min_refresh",
    "glue_job_name": "odpf_file_processor",
    "glue_job_worker_type": "G.1X",
    "glue_job_max_workers": 2,
    "refresh_tables_batch_size": 20,
}
USUAL = {
    "refresh_cadence": "1_min_refresh",
    "partition_key": "",
    "primary_key": "id",
    "change_sequence": "SEQUENCE",
    "table_format": "iceberg",
    "raw_database_name": "odpf_shop",
}


class OfReplication(Assembly):
    """Of the etl stage only the stack of the replication: the files land, and nobody registers them."""

    @property
    def stacks(self) -> tuple[Stack, ...]:
        return tuple(stack for stack in super().stacks if stack.name.endswith("-Replication"))

    @property
    def assets(self) -> tuple[FileAsset, ...]:
        return tuple(asset for asset in super().assets if asset.path == self.stacks[0].template.resolve())


def synthesised(environment: str, folder: Path, *tables: str, **changes: Any) -> tuple[Assembly, Assembly]:
    """Both apps of an environment for the tables of a shop."""
    document = json.loads(KNOWN.read_text())
    document["environments"][environment] |= {
        "interface_endpoints": ["secretsmanager"],
        "sources": {
            "default": {
                "replication": {
                    "engine": "mariadb",
                    "network": "10.50.0.0/24",
                    "secret": "source-database",
                    "tls": "none",
                    "file_seconds": 10,
                    **changes,
                }
            }
        },
    }
    manifests = folder / "manifests"
    manifests.mkdir(parents=True)
    (folder / "environments.json").write_text(json.dumps(document))
    entries = [{"source_table_name": f"shop.{table}"} for table in tables]
    manifest = {"defaults": USUAL, "batch_configs": [CADENCE], "raw_table_configs": entries}
    (manifests / "shop.json").write_text(json.dumps(manifest))
    context = {"environments": str(folder / "environments.json"), "table_configs": str(manifests)}
    infra, etl = synthesise(environment, folder / "out", context=context)
    return infra, OfReplication(etl.folder)


def with_setting(replication: Assembly, folder: Path, type_: str, change: Callable[[dict[str, Any]], None]) -> Assembly:
    """The same assembly with other properties of its resources of a type."""
    shutil.copytree(replication.folder, folder)
    changed = OfReplication(folder)
    (stack,) = changed.stacks
    template = json.loads(stack.template.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == type_:
            change(resource["Properties"])
    stack.template.write_text(json.dumps(template))
    return changed


MARIADB, POSTGRES = "mariadb", "postgres"
_TYPES: dict[str, tuple[type[DatabaseServer], type[Database]]] = {
    MARIADB: (MariaDbServer, MariaDatabase),
    POSTGRES: (PostgresServer, PostgresDatabase),
}
ENGINES = {MARIADB: {"engine": MARIADB}, POSTGRES: {"engine": POSTGRES, "database": "source"}}
"""What the configuration says of each engine."""


@contextmanager
def a_shop(folder: Path, engine: str = MARIADB) -> Iterator[Database]:
    """A server with tables of a shop, some of which have rows."""
    server_type, database_type = _TYPES[engine]
    with server_type() as server:
        database = database_type(server, "shop", folder)
        database.run(
            "CREATE TABLE orders (id INT PRIMARY KEY, item VARCHAR(20), price DECIMAL(10,2))",
            "CREATE TABLE order_2 (id INT PRIMARY KEY, item VARCHAR(20))",
            "CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20))",
        )
        database.run(
            f"INSERT INTO orders SELECT seq, CONCAT('item ', seq), seq + 0.5 FROM {database.series(500)}",  # noqa: S608
            "INSERT INTO customers VALUES (1, 'Ada')",
        )
        yield database


@dataclass(frozen=True)
class ShopLake:
    """The lake of one environment."""

    emulator: Emulator
    environment: str
    account: str

    def client(self, service: str) -> Any:
        return self.emulator.client(service, account=self.account)

    @property
    def stack(self) -> str:
        return f"odp-{self.environment}-etl-Replication"

    def deploy(self, infra: Assembly, replication: Assembly, shop: Database) -> None:
        deploy(infra, self.emulator, lambda _: None)
        connection = shop.server.connection()
        secret = {
            "username": connection["user"],
            "password": connection["password"],
            "host": connection["host"],
            "port": str(connection["port"]),
        }
        name = f"odp/{self.environment}/source-database"
        self.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(secret))
        deploy(replication, self.emulator, lambda _: None)

    def published(self, name: str) -> str:
        found = self.client("ssm").get_parameter(Name=f"/odp/{self.environment}/{name}")
        return str(found["Parameter"]["Value"])

    @property
    def replication(self) -> Replication:
        return replication_of(self.client("dms"), self.published("replication/default"))

    def landed(self) -> dict[str, bytes]:
        s3, bucket = self.client("s3"), self.published("buckets/staging")
        found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found}

    def equals(self, shop: Database, *tables: str) -> None:
        """Wait until the landed files make the tables of the source."""
        eventually(lambda: shop.assert_lake_is_source(self.landed(), *tables))

    def is_(self, expected: str) -> None:
        """Wait for a status of the replication."""

        def look() -> None:
            assert self.replication.state().status == expected

        eventually(look)


def eventually(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            check()
        except (AssertionError, IndexError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return
