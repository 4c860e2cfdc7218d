"""Where the pipelines of an environment run, and which accounts a protected environment shares with nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import load_platform
from tests.unit.deployment_account.configurations import CONNECTION, DEPLOYMENT, DEV, PLATFORM, problems, written

OWN = "666666666666"
OF_PROD: dict[str, Any] = {
    "account": OWN,
    "region": "eu-west-1",
    "repository": {
        "provider": "connection",
        "name": "owner/lake",
        "connection_arn": f"arn:aws:codeconnections:eu-west-1:{OWN}:connection/00000000-0000-0000-0000-000000000000",
    },
}
PROD: dict[str, Any] = {
    **DEV,
    "account": "444444444444",
    "vpc_cidr": "10.30.0.0/16",
    "branch": "prod",
    "removal_policy": "retain",
}


def with_prod(dev: dict[str, Any] | None = None, **prod: Any) -> dict[str, Any]:
    """Dev and a protected prod, with these fields."""
    return {**PLATFORM, "environments": {"dev": {**DEV, **(dev or {})}, "prod": {**PROD, **prod}}}


def test_pipelines_run_where_those_of_the_platform_do_unless_an_environment_says_otherwise(tmp_path: Path) -> None:
    platform = load_platform(written(tmp_path, with_prod(deployment=OF_PROD)))
    assert platform.deployment_of(platform.environments["dev"]).account == DEPLOYMENT["account"]
    found = platform.deployment_of(platform.environments["prod"])
    assert (found.account, found.region) == (OWN, "eu-west-1")
    assert found.log_days == 90, "an object of its own, with the defaults of its own"


def test_a_deployment_account_of_an_environment_is_checked_like_the_platforms(tmp_path: Path) -> None:
    repository = {**OF_PROD["repository"], "connection_arn": CONNECTION}
    (problem,) = problems(tmp_path, with_prod(deployment={**OF_PROD, "repository": repository}))
    assert problem.startswith(
        f"environments.prod.deployment: repository.connection_arn: not a connection of account {OWN}"
    )


def test_a_part_of_a_deployment_account_is_none(tmp_path: Path) -> None:
    found = problems(tmp_path, with_prod(deployment={"account": OWN}))
    assert [problem for problem in found if problem.startswith("environments.prod.deployment: region is missing")]


@pytest.mark.parametrize("order", [1, -1])
def test_a_protected_environment_shares_its_account_with_no_other(tmp_path: Path, order: int) -> None:
    document = with_prod(account=DEV["account"], resource_prefix="prod_")
    document["environments"] = dict(list(document["environments"].items())[::order])
    (problem,) = problems(tmp_path, document)
    assert problem == (
        "dev shares account 222222222222 with prod, whose data is protected: give it an account of its own"
    )


def test_another_region_of_the_account_is_the_same_account(tmp_path: Path) -> None:
    abroad = {"account": DEV["account"], "region": "eu-west-1", "availability_zones": ["eu-west-1a"]}
    (problem,) = problems(tmp_path, with_prod(**abroad))
    assert problem.startswith("dev shares account 222222222222 with prod")


@pytest.mark.parametrize("where", ["platform", "environment"])
def test_no_other_environments_pipelines_run_in_the_account_of_a_protected_one(tmp_path: Path, where: str) -> None:
    document = with_prod()
    if where == "platform":
        document["environments"]["prod"]["account"] = DEPLOYMENT["account"]
    else:
        in_prod = json.loads(json.dumps(DEPLOYMENT).replace(DEPLOYMENT["account"], PROD["account"]))
        document["environments"]["dev"]["deployment"] = in_prod
    (problem,) = problems(tmp_path, document)
    account = document["environments"]["prod"]["account"]
    assert problem == (
        f"the pipelines of dev run in account {account}, which is that of prod, whose data is protected: "
        "give them another one"
    )


@pytest.mark.parametrize("order", [1, -1])
def test_no_other_lake_lies_where_the_pipelines_of_a_protected_environment_run(tmp_path: Path, order: int) -> None:
    """The stacks of a lake may make roles with whatever policies, which bind nobody in their account."""
    document = with_prod({"account": DEPLOYMENT["account"]})
    document["environments"] = dict(list(document["environments"].items())[::order])
    (problem,) = problems(tmp_path, document)
    assert problem == (
        "dev lives in account 111111111111, in which the pipelines of prod run, whose data is protected: "
        "give it or them another one"
    )
    document["environments"]["prod"]["deployment"] = OF_PROD
    assert load_platform(written(tmp_path, document))


def test_a_protected_environment_may_hold_its_own_pipelines_and_stand_alone(tmp_path: Path) -> None:
    document = json.loads(json.dumps(OF_PROD).replace(OWN, PROD["account"]))
    assert load_platform(written(tmp_path, with_prod(deployment=document)))
    alone = {**PLATFORM, "environments": {"prod": {**PROD, "account": DEPLOYMENT["account"]}}}
    assert load_platform(written(tmp_path, alone))


def test_environments_that_are_not_protected_may_share_an_account(tmp_path: Path) -> None:
    second = {**DEV, "vpc_cidr": "10.40.0.0/16", "resource_prefix": "second_"}
    assert load_platform(written(tmp_path, {**PLATFORM, "environments": {"dev": DEV, "second": second}}))
