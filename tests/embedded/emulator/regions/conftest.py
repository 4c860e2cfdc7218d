"""Two buckets of one account in two Regions, each the other's replica, and a table with a replica."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.regions.control import RegionControl
from tests.embedded.emulator.regions.places import EAST, REPLICATION_RIGHTS, WEST, Pair


@pytest.fixture
def control(emulator: Emulator, account: str) -> Iterator[RegionControl]:
    """What lies between the Regions; in the end it is as before."""
    control = RegionControl(emulator, account)
    yield control
    for region in (EAST, WEST):
        control.heal(region)
    control.delay(0)


@pytest.fixture
def client(emulator: Emulator, account: str) -> Callable[[str, str], Any]:
    return lambda service, region: emulator.client(service, account=account, region=region)


@pytest.fixture
def replication_role(client: Callable[[str, str], Any]) -> str:
    iam = client("iam", EAST)
    trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="replication", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    rights = {"Effect": "Allow", "Action": list(REPLICATION_RIGHTS), "Resource": "*"}
    iam.put_role_policy(RoleName="replication", PolicyName="rights", PolicyDocument=_policy(rights))
    return str(role)


@pytest.fixture
def pair(client: Callable[[str, str], Any], account: str, replication_role: str) -> Pair:
    """Replicated both ways, delete markers included."""
    pair = Pair(client, account, replication_role)
    pair.make()
    pair.replicate(EAST)
    pair.replicate(WEST)
    return pair


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
