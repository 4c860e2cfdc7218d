"""The synthesised replication, deployed: a real database reaches staging by it, with the rights that it has alone."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from odp.table_identity import SourceTable
from odp_cli.errors import CommandError
from odp_cli.operate.replications import load_again, load_all_again, stop

from rehearsal.deployment.assembly import Assembly
from rehearsal.deployment.deployer import DeploymentError, deploy
from rehearsal.emulator.process import Emulator
from tests.embedded.dms.pipeline_step import Build, execute, prepare
from tests.embedded.dms.shop_lake import ENGINES, MARIADB, POSTGRES, ShopLake, a_shop, synthesised, with_setting
from tests.tools.rehearsal.dms.databases import Database

PLACES = {MARIADB: ("dev", "222222222222"), POSTGRES: ("test", "333333333333")}
"""Each engine has an environment of its own: it is another replication."""


@pytest.fixture(scope="module", params=[MARIADB, pytest.param(POSTGRES, marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def shop(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with a_shop(tmp_path_factory.mktemp("unused"), engine) as database:
        yield database


@pytest.fixture(scope="module")
def lake(engine: str, emulator: Emulator, shop: Database, tmp_path_factory: pytest.TempPathFactory) -> ShopLake:
    lake = ShopLake(emulator, *PLACES[engine])
    folder = tmp_path_factory.mktemp("synthesised")
    lake.deploy(*synthesised(lake.environment, folder, "orders", "order_2", **ENGINES[engine]), shop)
    return lake


def test_a_replication_from_its_deployment_to_its_second_load(
    engine: str, lake: ShopLake, shop: Database, tmp_path: Path
) -> None:
    """One story, since each step needs those before: a deployment takes half a minute."""
    found = lake.replication
    assert found.state().status == "created"
    with pytest.raises(CommandError, match="created"):
        stop(found)

    found.start(found.state().first_step)
    lake.equals(shop, "orders")
    assert not [key for key in lake.landed() if key.startswith("shop/customers")]

    shop.run(
        "UPDATE orders SET item = 'changed' WHERE id < 10",
        "UPDATE orders SET id = 1000 WHERE id = 20",
        "DELETE FROM orders WHERE id = 30",
        "INSERT INTO order_2 VALUES (1, 'first')",
    )
    lake.equals(shop, "orders", "order_2")

    tables = ("orders", "order_2", "customers")
    changed = synthesised(lake.environment, tmp_path / "changed", *tables, **ENGINES[engine])[1]
    with pytest.raises(DeploymentError, match="cannot be modified"):
        deploy(changed, lake.emulator, lambda _: None)
    build = Build(lake, tmp_path / "build")
    prepare(changed, lake)
    assert "new tables: shop.customers" in build.run("stop")
    assert found.state().status == "stopped"
    shop.run("INSERT INTO orders VALUES (2000, 'while stopped', 1.00)")
    execute(lake)
    assert "goes on where it stopped" in build.run("resume")
    lake.equals(shop, "orders", "order_2", "customers")

    prepare(changed, lake)
    assert "nothing is stopped" in build.run("stop")
    assert "is running" in build.run("resume")
    assert found.state().status == "running"

    load_again(found, [SourceTable("default", "shop", "customers")])
    stop(found)
    lake.is_("stopped")
    shop.run("ALTER TABLE customers ADD COLUMN city VARCHAR(20) DEFAULT 'Berlin'")
    load_all_again(found)
    lake.equals(shop, "orders", "order_2", "customers")
    stop(found)
    lake.is_("stopped")


@pytest.fixture(scope="module")
def deployed(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """What the story has deployed last."""
    tables = ("orders", "order_2", "customers")
    return synthesised(PLACES[engine][0], tmp_path_factory.mktemp("deployed"), *tables, **ENGINES[engine])[1]


def of_target(**changes: Any) -> tuple[str, Callable[[dict[str, Any]], None]]:
    def change(properties: dict[str, Any]) -> None:
        if properties["EndpointType"] == "target":
            properties["S3Settings"] |= changes

    return "AWS::DMS::Endpoint", change


def of_errors(**changes: Any) -> tuple[str, Callable[[dict[str, Any]], None]]:
    def change(properties: dict[str, Any]) -> None:
        properties["ReplicationSettings"]["ErrorBehavior"] |= changes

    return "AWS::DMS::ReplicationConfig", change


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (of_target(DataFormat="csv"), "DataFormat"),
        (of_target(CdcInsertsOnly=True), "CdcInsertsOnly"),
        (of_target(NewestSetting=1), "NewestSetting"),
        (of_errors(DataErrorPolicy="LOG_ERROR"), "DataErrorPolicy.*loses rows"),
        (of_errors(NewestPolicy="STOP_TASK"), "NewestPolicy"),
    ],
    ids=["csv", "inserts-only", "unknown-of-the-target", "loses-rows", "unknown-of-the-replication"],
)
def test_a_setting_that_loses_rows_or_is_not_known_fails_the_deployment(
    lake: ShopLake,
    deployed: Assembly,
    tmp_path: Path,
    wrong: tuple[str, Callable[[dict[str, Any]], None]],
    message: str,
) -> None:
    """After the story, whose replication is stopped: a running one would refuse any change."""
    assert lake.replication.state().status == "stopped"
    with pytest.raises(DeploymentError, match=message):
        deploy(with_setting(deployed, tmp_path / "wrong", *wrong), lake.emulator, lambda _: None)


def test_files_rest_under_the_key_of_the_lake(lake: ShopLake) -> None:
    s3, bucket = lake.client("s3"), lake.published("buckets/staging")
    found = s3.list_objects_v2(Bucket=bucket)["Contents"]
    heads = [s3.head_object(Bucket=bucket, Key=one["Key"]) for one in found]
    key = lake.published("kms/data-key-arn")
    assert {(head["ServerSideEncryption"], head["SSEKMSKeyId"]) for head in heads} == {("aws:kms", key)}


@pytest.mark.parametrize(
    ("role", "action", "message"),
    [
        # CloudFormation cuts off the end of what is too long in the name of a role
        ("DatabaseSe", "secretsmanager:GetSecretValue", "the secret cannot be read"),
        ("dms-default", "s3:PutObject", ""),
    ],
)
def test_without_a_right_of_its_roles_it_fails(lake: ShopLake, role: str, action: str, message: str) -> None:
    iam, dms = lake.client("iam"), lake.client("dms")
    again = {"ReplicationConfigArn": lake.published("replication/default"), "StartReplicationType": "reload-target"}
    names = [each["RoleName"] for each in iam.list_roles(MaxItems=1000)["Roles"]]
    of_lake = f"odp-{lake.environment}-"
    (name,) = (each for each in names if each == of_lake + role or (role in each and f"{of_lake}etl" in each))
    denial = {"Effect": "Deny", "Action": action, "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="denied", PolicyDocument=json.dumps({"Statement": [denial]}))
    try:
        if message:
            with pytest.raises(dms.exceptions.ClientError, match=message):
                dms.start_replication(**again)
        else:
            dms.start_replication(**again)
            lake.is_("failed")
            assert action in lake.replication.state().reason
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="denied")
