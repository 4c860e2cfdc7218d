"""Who may be configured as a reader of an environment's tables, and who never."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import load_platform
from tests.unit.deployment_account.configurations import DEPLOYMENT, DEV, PLATFORM, platform_with, problems, written

ANALYSTS = "arn:aws:iam::999999999999:role/Analysts"
PEOPLE = "role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Analysts_0123456789abcdef"


def with_readers(*principals: Any, **more: Any) -> dict[str, Any]:
    return platform_with(readers={"principals": list(principals), **more})


def test_without_readers_there_are_none(tmp_path: Path) -> None:
    assert load_platform(written(tmp_path, PLATFORM)).environments["dev"].readers is None


def test_readers_read_all_layers_unless_it_says_otherwise(tmp_path: Path) -> None:
    readers = load_platform(written(tmp_path, with_readers(ANALYSTS))).environments["dev"].readers
    assert readers
    assert readers.principals == (ANALYSTS,)
    assert readers.layers == ("raw", "conformed", "purpose_built")
    assert not readers.require_mfa


@pytest.mark.parametrize(
    "arn",
    [
        ANALYSTS,
        "arn:aws:iam::222222222222:role/team/data/Analysts",
        f"arn:aws:iam::222222222222:{PEOPLE}",
        f"arn:aws:iam::999999999999:{PEOPLE}",
        # a name that only looks like one of the platform's, elsewhere or of no environment
        "arn:aws:iam::999999999999:role/odp-dev-analysts",
        "arn:aws:iam::222222222222:role/odp-analysts",
    ],
)
def test_roles_of_people_here_and_elsewhere_may_read(tmp_path: Path, arn: str) -> None:
    assert load_platform(written(tmp_path, with_readers(arn))).environments["dev"].readers


@pytest.mark.parametrize(
    "arn",
    [
        "*",
        "arn:aws:iam::*:role/Analysts",
        "arn:aws:iam::999999999999:role/*",
        "arn:aws:iam::999999999999:role/Analyst?",
        "arn:aws:iam::999999999999:role/",
        "arn:aws:iam::999999999999:root",
        "arn:aws:iam::999999999999:user/ann",
        "arn:aws:iam::999999999999:group/analysts",
        "arn:aws:sts::999999999999:assumed-role/Analysts/ann",
        "arn:aws-cn:iam::999999999999:role/Analysts",
        "arn:aws:iam::99999999999:role/Analysts",
        "arn:aws:iam::999999999999:role/Analysts\n",
        f"arn:aws:iam::999999999999:role/{'x' * 65}",
        "999999999999",
        "Analysts",
        "glue.amazonaws.com",
        "",
    ],
)
def test_nothing_but_the_whole_arn_of_one_role_is_a_principal(tmp_path: Path, arn: str) -> None:
    (problem,) = problems(tmp_path, with_readers(arn))
    assert problem.startswith("environments.dev.readers.principals.0: ")
    assert "does not match" in problem


@pytest.mark.parametrize(
    ("readers", "place", "reason"),
    [
        ({}, "environments.dev.readers", "principals is missing"),
        ({"principals": []}, "environments.dev.readers.principals", "is empty: write one at least"),
        ({"principals": ANALYSTS}, "environments.dev.readers.principals", "must be a list"),
        ({"principals": [ANALYSTS, ANALYSTS]}, "environments.dev.readers.principals", "Analysts is named twice"),
        (
            {"principals": [f"arn:aws:iam::999999999999:role/{'x' * 60}{number}" for number in range(20)]},
            "environments.dev.readers.principals",
            "IAM takes no more than 1600 of them in a trust policy; let the readers share a role",
        ),
        ({"principals": [ANALYSTS], "layers": []}, "environments.dev.readers.layers", "is empty: write one at least"),
        (
            {"principals": [ANALYSTS], "layers": ["staging"]},
            "environments.dev.readers.layers.0",
            "write raw or conformed",
        ),
        ({"principals": [ANALYSTS], "layers": ["raw", "raw"]}, "readers.layers", "raw is named twice"),
        ({"principals": [ANALYSTS], "external_id": "x"}, "environments.dev.readers", "unknown field 'external_id'"),
    ],
)
def test_a_wrong_field_is_named_with_its_place_and_reason(
    tmp_path: Path, readers: dict[str, Any], place: str, reason: str
) -> None:
    (problem,) = problems(tmp_path, platform_with(readers=readers))
    assert place in problem
    assert reason in problem


@pytest.mark.parametrize(
    "role",
    [
        "cdk-odpdev-deploy-role-222222222222-us-east-1",
        "cdk-hnb659fds-cfn-exec-role-222222222222-us-east-1",
        "odp-dev-etl-Pipeline-Role1A2B",
        "odp-dev-etl-Odp-FileProcessorJobsRole-1A2B",
        "odp-dev-reader",
        "path/odp-dev-etl-Pipeline-Role1A2B",
    ],
)
def test_roles_of_pipelines_bootstraps_and_stacks_never_read(tmp_path: Path, role: str) -> None:
    arn = f"arn:aws:iam::222222222222:role/{role}"
    (problem,) = problems(tmp_path, with_readers(ANALYSTS, arn))
    assert problem == (
        f"readers.principals of dev: {arn} is a role of a bootstrap, a pipeline or a lake's stack; name roles of people"
    )


def test_nor_do_those_of_another_lake_in_the_same_account(tmp_path: Path) -> None:
    second = {**DEV, "vpc_cidr": "10.11.0.0/16", "resource_prefix": "second_"}
    arn = "arn:aws:iam::222222222222:role/odp-second-etl-Odp-Role"
    environments = {"dev": {**DEV, "readers": {"principals": [arn]}}, "second": second}
    (problem,) = problems(tmp_path, {**PLATFORM, "environments": environments})
    assert problem.startswith(f"readers.principals of dev: {arn} is a role of")


@pytest.mark.parametrize(
    ("account", "whose"),
    [
        ("111111111111", "in which pipelines run"),
        ("444444444444", "that of prod"),
        ("555555555555", "in which pipelines run"),
    ],
)
def test_nobody_of_another_account_of_the_platform_reads(tmp_path: Path, account: str, whose: str) -> None:
    """Whoever may push to an environment is administrator of its account."""
    arn = f"arn:aws:iam::{account}:role/Analysts"
    connection = DEPLOYMENT["repository"]["connection_arn"].replace("1" * 12, "5" * 12)
    repository = {**DEPLOYMENT["repository"], "connection_arn": connection}
    own = {**DEPLOYMENT, "account": "555555555555", "repository": repository}
    prod = {**DEV, "account": "444444444444", "vpc_cidr": "10.30.0.0/16", "removal_policy": "retain", "deployment": own}
    environments = {"dev": {**DEV, "readers": {"principals": [arn]}}, "prod": prod}
    (problem,) = problems(tmp_path, {**PLATFORM, "environments": environments})
    assert problem == (
        f"readers.principals of dev: {arn} is in account {account}, {whose}; "
        "name roles of 222222222222, or of accounts that no pipeline deploys to"
    )


@pytest.mark.parametrize("account", ["999999999999", "123456789012", "000000000000"])
def test_the_account_of_an_example_is_a_strangers(tmp_path: Path, account: str) -> None:
    """Whoever copies the example of the guide would let that account in."""
    arn = f"arn:aws:iam::{account}:role/Analysts"
    own = {"account": "210987654321", "readers": {"principals": ["arn:aws:iam::109876543210:role/Analysts", arn]}}
    (problem,) = problems(tmp_path, platform_with(**own))
    assert problem == (
        f"readers.principals of dev: {arn} is in the account of an example, and whoever owns that could read; "
        "write your own"
    )


def test_in_a_sandbox_that_deploys_itself_people_read_and_pipelines_do_not(tmp_path: Path) -> None:
    sandbox = {**DEV, "account": "111111111111"}

    def configured(role: str) -> dict[str, Any]:
        readers = {"principals": [f"arn:aws:iam::111111111111:role/{role}"]}
        return {**PLATFORM, "environments": {"dev": {**sandbox, "readers": readers}}}

    assert load_platform(written(tmp_path, configured("Analysts"))).environments["dev"].readers
    (problem,) = problems(tmp_path, configured("odp-dev-infra-Pipeline-Role"))
    assert "is a role of a bootstrap, a pipeline" in problem
