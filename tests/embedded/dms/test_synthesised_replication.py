"""The synthesised replication, deployed: a real database reaches staging by it, with the rights that it has alone."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from odp.table_identity import SourceTable
from odp_cli.errors import CommandError
from odp_cli.operate.replications import load_again, load_all_again, replication_of, stop

from rehearsal.deployment.assembly import Assembly, FileAsset, Stack, synthesise
from rehearsal.deployment.deployer import DeploymentError, deploy
from rehearsal.emulator.process import Emulator
from rehearsal.source.mariadb.server import MariaDbServer
from rehearsal.source.postgres.server import PostgresServer
from rehearsal.source.server import DatabaseServer
from tests.configuration import KNOWN
from tests.tools.rehearsal.dms.databases import Database, MariaDatabase, PostgresDatabase

ACCOUNT, SECONDS = "222222222222", 120
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


def synthesised(shop: Database, folder: Path, *tables: str) -> tuple[Assembly, Assembly]:
    """Both apps of dev for the tables of a shop."""
    is_postgres = isinstance(shop, PostgresDatabase)
    engine = {"engine": "postgres", "database": "source"} if is_postgres else {"engine": "mariadb"}
    document = json.loads(KNOWN.read_text())
    document["environments"]["dev"] |= {
        "interface_endpoints": ["secretsmanager"],
        "sources": {
            "default": {
                "replication": {
                    **engine,
                    "network": "10.50.0.0/24",
                    "secret": "source-database",
                    "tls": "none",
                    "file_seconds": 10,
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
    infra, etl = synthesise("dev", folder / "out", context=context)
    return infra, OfReplication(etl.folder)


ENGINES: dict[str, tuple[type[DatabaseServer], type[Database]]] = {
    "mariadb": (MariaDbServer, MariaDatabase),
    "postgres": (PostgresServer, PostgresDatabase),
}


@pytest.fixture(scope="module", params=["mariadb", pytest.param("postgres", marks=pytest.mark.slow)])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    server_type, database_type = ENGINES[request.param]
    with server_type() as server:
        database = database_type(server, "shop", tmp_path_factory.mktemp("unused"))
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


@pytest.fixture(scope="module")
def dms(emulator: Emulator, shop: Database, tmp_path_factory: pytest.TempPathFactory) -> Any:
    dms = emulator.client("dms", account=ACCOUNT)
    if dms.describe_replication_configs()["ReplicationConfigs"]:
        pytest.skip("the replication of the other engine is deployed: run each engine on its own, by -m slow")
    infra, replication = synthesised(shop, tmp_path_factory.mktemp("synthesised"), "orders", "order_2")
    deploy(infra, emulator, lambda _: None)
    connection = shop.server.connection()
    secret = {
        "username": connection["user"],
        "password": connection["password"],
        "host": connection["host"],
        "port": str(connection["port"]),
    }
    secrets = emulator.client("secretsmanager", account=ACCOUNT)
    secrets.put_secret_value(SecretId="odp/dev/source-database", SecretString=json.dumps(secret))
    deploy(replication, emulator, lambda _: None)
    return dms


@pytest.fixture
def arn(emulator: Emulator, dms: Any) -> str:
    ssm = emulator.client("ssm", account=ACCOUNT)
    return str(ssm.get_parameter(Name="/odp/dev/replication/default")["Parameter"]["Value"])


def landed(emulator: Emulator) -> dict[str, bytes]:
    ssm, s3 = (emulator.client(name, account=ACCOUNT) for name in ("ssm", "s3"))
    bucket = ssm.get_parameter(Name="/odp/dev/buckets/staging")["Parameter"]["Value"]
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found}


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


def status(dms: Any, arn: str) -> str:
    return replication_of(dms, arn).state().status


def is_(dms: Any, arn: str, expected: str) -> None:
    assert status(dms, arn) == expected


def lake_is_source(emulator: Emulator, shop: Database, *tables: str) -> None:
    shop.assert_lake_is_source(landed(emulator), *tables)


def test_a_replication_from_its_deployment_to_its_second_load(
    emulator: Emulator, shop: Database, dms: Any, arn: str, tmp_path: Path
) -> None:
    """One story, since each step needs those before: a deployment takes half a minute."""
    found = replication_of(dms, arn)
    assert found.state().status == "created"
    with pytest.raises(CommandError, match="created"):
        stop(found)

    found.start(found.state().first_step)
    eventually(partial(lake_is_source, emulator, shop, "orders"))
    assert not [key for key in landed(emulator) if key.startswith("shop/customers")]

    shop.run(
        "UPDATE orders SET item = 'changed' WHERE id < 10",
        "UPDATE orders SET id = 1000 WHERE id = 20",
        "DELETE FROM orders WHERE id = 30",
        "INSERT INTO order_2 VALUES (1, 'first')",
    )
    eventually(partial(lake_is_source, emulator, shop, "orders", "order_2"))

    changed = synthesised(shop, tmp_path / "changed", "orders", "order_2", "customers")[1]
    with pytest.raises(DeploymentError, match="cannot be modified"):
        deploy(changed, emulator, lambda _: None)
    stop(found)
    eventually(partial(is_, dms, arn, "stopped"))
    shop.run("INSERT INTO orders VALUES (2000, 'while stopped', 1.00)")
    deploy(changed, emulator, lambda _: None)
    found.start(found.state().first_step)
    eventually(partial(lake_is_source, emulator, shop, "orders", "order_2", "customers"))

    load_again(found, [SourceTable("default", "shop", "customers")])
    stop(found)
    eventually(partial(is_, dms, arn, "stopped"))
    shop.run("ALTER TABLE customers ADD COLUMN city VARCHAR(20) DEFAULT 'Berlin'")
    load_all_again(found)
    eventually(partial(lake_is_source, emulator, shop, "orders", "order_2", "customers"))
    stop(found)
    eventually(partial(is_, dms, arn, "stopped"))


def test_files_rest_under_the_key_of_the_lake(emulator: Emulator, dms: Any) -> None:
    ssm, s3 = (emulator.client(name, account=ACCOUNT) for name in ("ssm", "s3"))
    bucket, key = (
        ssm.get_parameter(Name=f"/odp/dev/{name}")["Parameter"]["Value"]
        for name in ("buckets/staging", "kms/data-key-arn")
    )
    found = s3.list_objects_v2(Bucket=bucket)["Contents"]
    heads = [s3.head_object(Bucket=bucket, Key=one["Key"]) for one in found]
    assert {(head["ServerSideEncryption"], head["SSEKMSKeyId"]) for head in heads} == {("aws:kms", key)}


@pytest.mark.parametrize(
    ("role", "action", "message"),
    [
        ("DatabaseSecret", "secretsmanager:GetSecretValue", "the secret cannot be read"),
        ("odp-dev-dms-default", "s3:PutObject", ""),
    ],
)
def test_without_a_right_of_its_roles_it_fails(
    emulator: Emulator, dms: Any, arn: str, role: str, action: str, message: str
) -> None:
    iam = emulator.client("iam", account=ACCOUNT)
    names = [each["RoleName"] for each in iam.list_roles(MaxItems=1000)["Roles"]]
    (name,) = (each for each in names if (role in each and "odp-dev-etl" in each) or each == role)
    denial = {"Effect": "Deny", "Action": action, "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="denied", PolicyDocument=json.dumps({"Statement": [denial]}))
    try:
        if message:
            with pytest.raises(dms.exceptions.ClientError, match=message):
                dms.start_replication(ReplicationConfigArn=arn, StartReplicationType="reload-target")
        else:
            dms.start_replication(ReplicationConfigArn=arn, StartReplicationType="reload-target")
            eventually(partial(is_, dms, arn, "failed"))
            assert action in replication_of(dms, arn).state().reason
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="denied")
