"""Prod's stacks, deployed as they are: what runs in the private network does its work through the endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.deployment.assembly import synthesise
from rehearsal.deployment.deployer import deploy
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from tests.configuration import KNOWN, KNOWN_MANIFESTS
from tests.embedded.waiting import eventually

ACCOUNT = "444444444444"
PATIENCE = 60
Aws = Callable[[str], Any]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("private")
    context = {"environments": str(KNOWN), "table_configs": str(KNOWN_MANIFESTS)}
    with Emulator(EmulatorSettings(run_directory=folder / "run")) as emulator:
        for assembly in synthesise("prod", folder / "out", context=context):
            deploy(assembly, emulator, lambda _: None)
        yield emulator


@pytest.fixture(scope="module")
def aws(emulator: Emulator) -> Aws:
    return lambda service: emulator.client(service, account=ACCOUNT)


def items(aws: Aws, table: str) -> list[dict[str, Any]]:
    return list(aws("dynamodb").scan(TableName=table)["Items"])


def shared(aws: Aws, name: str) -> str:
    return str(aws("ssm").get_parameter(Name=f"/odp/prod/{name}")["Parameter"]["Value"])


def test_functions_and_connections_are_in_the_private_subnets(aws: Aws) -> None:
    vpc, subnets = shared(aws, "network/vpc-id"), set(shared(aws, "network/private-subnet-ids").split(","))
    functions = aws("lambda").list_functions()["Functions"]
    inside = [one for one in functions if one.get("VpcConfig", {}).get("SubnetIds")]
    assert len(inside) == len(functions) - 1
    for function in inside:
        assert function["VpcConfig"]["VpcId"] == vpc
        assert set(function["VpcConfig"]["SubnetIds"]) == subnets
    connections = aws("glue").get_connections()["ConnectionList"]
    assert {one["PhysicalConnectionRequirements"]["SubnetId"] for one in connections} == subnets


def test_the_configuration_is_applied_by_a_function_that_reads_it_through_the_endpoint(aws: Aws) -> None:
    eventually(lambda: items(aws, "odpf_raw_table_config"), bool, PATIENCE)


def test_a_landed_file_is_registered_by_a_function_in_the_network(aws: Aws) -> None:
    key = "s/t/LOAD00000001.parquet"
    aws("s3").put_object(Bucket=shared(aws, "buckets/staging"), Key=key, Body=b"PAR1")
    found = eventually(lambda: items(aws, "odpf_file_tracker"), bool, PATIENCE)
    assert key in str(found)
