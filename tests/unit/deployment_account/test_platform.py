"""What holds of a platform as a whole: its names, its networks, and the account that deploys it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import load_platform
from tests.unit.deployment_account.configurations import (
    CONNECTION,
    DEV,
    PLATFORM,
    platform_deployed_by,
    problems,
    written,
)


def test_one_more_environment_is_a_few_lines_of_json(tmp_path: Path) -> None:
    staging = {**DEV, "account": "555555555555", "vpc_cidr": "10.40.0.0/16"}
    more = {**PLATFORM, "environments": {"dev": DEV, "staging": staging}}
    assert load_platform(written(tmp_path, more)).environments["staging"].name == "staging"


@pytest.mark.parametrize("name", ["aws", "ssm", "cdk", "aws-lake", "cdk-hnb659fds", "cdk-bootstrap"])
def test_a_platform_has_no_name_that_belongs_to_aws_or_cdk(tmp_path: Path, name: str) -> None:
    """Parameter Store refuses /aws/…, and role/cdk-* are the bootstrap's roles, which no deployment may write."""
    (problem,) = problems(tmp_path, {**PLATFORM, "name": name})
    assert problem.startswith(f"name: {name} begins with aws, ssm or cdk")


@pytest.mark.parametrize("name", ["dev-2", "dev-infra", "dev-etl", "dev-etl2"])
@pytest.mark.parametrize("order", [1, -1])
def test_no_environment_has_a_name_that_begins_with_anothers(tmp_path: Path, name: str, order: int) -> None:
    """Policies of dev are about odp-dev-*, which would be the stacks and roles of dev-2, too."""
    other = {**DEV, "account": "555555555555", "vpc_cidr": "10.40.0.0/16"}
    environments = dict(list({"dev": DEV, name: other}.items())[::order])
    (problem,) = problems(tmp_path, {**PLATFORM, "environments": environments})
    taken = f"environments.{name}: its stacks and roles would be taken for those of dev"
    assert problem == f"{taken}; choose another name"


@pytest.mark.parametrize("name", ["dev2", "infra", "etl-dev", "de"])
def test_environments_may_have_similar_names(tmp_path: Path, name: str) -> None:
    other = {**DEV, "account": "555555555555", "vpc_cidr": "10.40.0.0/16"}
    both = {**PLATFORM, "environments": {"dev": DEV, name: other}}
    assert len(load_platform(written(tmp_path, both)).environments) == 2


def test_a_name_that_cloudformation_would_cut_within_the_names_of_roles_is_refused(tmp_path: Path) -> None:
    """Of a stack's name 24 characters stay: `odp-` and `-` leave 19 for the environment."""
    assert load_platform(written(tmp_path, {**PLATFORM, "environments": {"e" * 19: DEV}}))
    (problem,) = problems(tmp_path, {**PLATFORM, "environments": {"e" * 20: DEV}})
    assert problem.startswith(f"environments.{'e' * 20}: odp-{'e' * 20}- has more than 24 characters")
    assert problem.endswith("choose a shorter name")


@pytest.mark.parametrize("cidr", ["10.10.0.0/16", "10.10.128.0/20"])
def test_networks_of_two_environments_must_not_overlap(tmp_path: Path, cidr: str) -> None:
    both = {**PLATFORM, "environments": {"dev": DEV, "prod": {**DEV, "vpc_cidr": cidr}}}
    (problem,) = problems(tmp_path, both)
    assert problem == f"vpc_cidr of dev (10.10.0.0/16) overlaps that of prod ({cidr})"


def test_neighbouring_networks_are_no_overlap(tmp_path: Path) -> None:
    prod = {**DEV, "account": "444444444444", "vpc_cidr": "10.11.0.0/16"}
    both = {**PLATFORM, "environments": {"dev": DEV, "prod": prod}}
    assert len(load_platform(written(tmp_path, both)).environments) == 2


@pytest.mark.parametrize("apart", [{"resource_prefix": "second_"}, {"account": "333333333333"}])
def test_two_lakes_of_one_account_and_region_need_a_prefix(tmp_path: Path, apart: dict[str, str]) -> None:
    second = {**DEV, "vpc_cidr": "10.11.0.0/16"}
    (problem,) = problems(tmp_path, {**PLATFORM, "environments": {"dev": DEV, "second": second}})
    assert problem == "dev and second are both in 222222222222 us-east-1: give one a resource_prefix"
    allowed = {**PLATFORM, "environments": {"dev": DEV, "second": {**second, **apart}}}
    assert len(load_platform(written(tmp_path, allowed)).environments) == 2


@pytest.mark.parametrize(
    ("deployment", "place", "reason"),
    [
        (
            {"repository": {"provider": "github", "name": "owner/lake"}},
            "deployment.repository",
            "write connection or codecommit",
        ),
        ({"repository": {"provider": "codecommit", "name": "owner/lake"}}, "codecommit.name", "does not match"),
        ({"repository": {"provider": "connection", "name": "owner/lake"}}, "connection_arn", "is missing"),
        (
            {"repository": {"provider": "connection", "name": "lake", "connection_arn": CONNECTION}},
            "deployment.repository.connection.name",
            "does not match",
        ),
        ({"account": "999999999999"}, "deployment", "not a connection of account 999999999999"),
        ({"region": "us-gov-east-1"}, "deployment.region", "us-gov-east-1 is not in the partition aws"),
        ({"log_days": 45}, "deployment.log_days", "CloudWatch keeps logs for one of"),
        ({"build_image": "evil/standard:7.0"}, "deployment.build_image", "does not match"),
        ({"build_image": "aws/codebuild/standard:6.0"}, "deployment.build_image", "does not match"),
        ({"build_image": "aws/codebuild/standard:7.0.evil/image"}, "deployment.build_image", "does not match"),
        ({"build_image": "evil/aws/codebuild/standard:7.0"}, "deployment.build_image", "does not match"),
        ({"notification_addresses": ["nobody"]}, "deployment.notification_addresses.0", "does not match"),
    ],
)
def test_a_wrong_field_of_the_deployment_account_is_named_too(
    tmp_path: Path, deployment: dict[str, Any], place: str, reason: str
) -> None:
    (problem,) = problems(tmp_path, platform_deployed_by(**deployment))
    assert place in problem
    assert reason in problem


@pytest.mark.parametrize(
    ("folders", "folder"), [({}, "etl-repo"), ({"etl": "."}, "."), ({"etl": "apps/etl"}, "apps/etl")]
)
def test_an_app_lies_in_the_folder_of_its_name_unless_the_configuration_says_otherwise(
    tmp_path: Path, folders: dict[str, str], folder: str
) -> None:
    repository = {"provider": "codecommit", "name": "data-lake", "folders": folders}
    platform = load_platform(written(tmp_path, platform_deployed_by(repository=repository)))
    assert platform.deployment.repository.folder("etl") == folder


@pytest.mark.parametrize("folder", ["/etl", "../etl", "etl/", "etl && true"])
def test_a_folder_outside_the_repository_is_refused(tmp_path: Path, folder: str) -> None:
    repository = {"provider": "codecommit", "name": "data-lake", "folders": {"etl": folder}}
    (problem,) = problems(tmp_path, platform_deployed_by(repository=repository))
    assert problem.startswith(f"deployment.repository.codecommit.folders.etl: {folder!r} does not match")


def test_a_secret_has_a_name_and_a_purpose_but_no_value(tmp_path: Path) -> None:
    platform = load_platform(written(tmp_path, {**PLATFORM, "secrets": {"source-database": "How DMS signs in"}}))
    assert platform.secrets == {"source-database": "How DMS signs in"}
    (problem,) = problems(tmp_path, {**PLATFORM, "secrets": {"Source Database": "How DMS signs in"}})
    assert problem.startswith("secrets: 'Source Database' does not match")


@pytest.mark.parametrize("environments", [{}, [], None, {"dev": "222222222222"}, {"Dev": DEV}])
def test_environments_must_be_named_objects(tmp_path: Path, environments: Any) -> None:
    found = problems(tmp_path, {**PLATFORM, "environments": environments})
    assert all(problem.startswith("environments") for problem in found)


@pytest.mark.parametrize(("account", "whose"), [("222222222222", "dev"), ("111111111111", "pipelines")])
def test_backups_are_copied_to_no_account_that_a_pipeline_reaches(tmp_path: Path, account: str, whose: str) -> None:
    """Whoever may push to dev would else reach the copies of prod."""
    vault = f"arn:aws:backup:us-west-2:{account}:backup-vault:copies"
    more = {"account": "555555555555", "vpc_cidr": "10.40.0.0/16", "removal_policy": "retain"}
    prod = {**DEV, **more, "backup": {"copy_to": vault}}
    (problem,) = problems(tmp_path, {**PLATFORM, "environments": {"dev": DEV, "prod": prod}})
    assert f"account {account} is that of {whose}" in problem
