"""The configuration is checked whole; what is wrong is named by file, place and reason."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deployment_account.environments import Platform, load_platform
from deployment_account.errors import MAX_REPORTED_PROBLEMS, ConfigurationError

DEV: dict[str, Any] = {
    "account": "222222222222",
    "region": "us-east-1",
    "availability_zones": ["us-east-1a", "us-east-1b"],
    "branch": "main",
    "vpc_cidr": "10.10.0.0/16",
    "removal_policy": "destroy",
}
CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/00000000-0000-0000-0000-000000000000"
DEPLOYMENT: dict[str, Any] = {
    "account": "111111111111",
    "region": "us-east-1",
    "repository": {"provider": "connection", "name": "owner/lake", "connection_arn": CONNECTION},
}
PLATFORM: dict[str, Any] = {
    "name": "odp",
    "deployment": DEPLOYMENT,
    "environments": {"dev": DEV},
}


def platform_with(**dev: Any) -> dict[str, Any]:
    """A valid configuration but for these fields of its dev environment; None removes one."""
    changed = {name: value for name, value in {**DEV, **dev}.items() if value is not None}
    return {**copy.deepcopy(PLATFORM), "environments": {"dev": changed}}


def platform_deployed_by(**deployment: Any) -> dict[str, Any]:
    """A valid configuration but for these fields of its deployment account."""
    return {**PLATFORM, "deployment": {**DEPLOYMENT, **deployment}}


def written(tmp_path: Path, configuration: Any) -> Path:
    path = tmp_path / "environments.json"
    path.write_text(configuration if isinstance(configuration, str) else json.dumps(configuration))
    return path


def problems(tmp_path: Path, configuration: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refused:
        load_platform(written(tmp_path, configuration))
    assert str(tmp_path / "environments.json") in str(refused.value)
    return refused.value.problems


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    dev = load_platform(written(tmp_path, PLATFORM)).environments["dev"]
    assert (dev.name, dev.nat_gateways, dev.resource_prefix) == ("dev", 0, "")
    assert (dev.odp.glue_version, dev.odp.max_concurrent_batches) == ("5.1", 10)
    assert (dev.notification_addresses, dev.tags) == ((), {})


@pytest.mark.parametrize(
    "region", ["af-south-1", "ap-southeast-3", "ca-west-1", "eu-central-2", "il-central-1", "mx-central-1", "us-west-2"]
)
def test_every_commercial_region_is_allowed(tmp_path: Path, region: str) -> None:
    configuration = platform_with(region=region, availability_zones=[f"{region}a"])
    assert load_platform(written(tmp_path, configuration)).environments["dev"].region == region


def test_one_more_environment_is_a_few_lines_of_json(tmp_path: Path) -> None:
    staging = {**DEV, "account": "555555555555", "vpc_cidr": "10.40.0.0/16"}
    more = {**PLATFORM, "environments": {"dev": DEV, "staging": staging}}
    assert load_platform(written(tmp_path, more)).environments["staging"].name == "staging"


def test_a_configuration_cannot_be_changed_once_loaded(tmp_path: Path) -> None:
    dev = load_platform(written(tmp_path, PLATFORM)).environments["dev"]
    with pytest.raises(ValidationError, match="frozen"):
        dev.account = "999999999999"  # type: ignore[misc]


def test_the_schema_reference_for_editors_is_allowed(tmp_path: Path) -> None:
    assert load_platform(written(tmp_path, {**PLATFORM, "$schema": "./environments.schema.json"})).name == "odp"


@pytest.mark.parametrize(
    ("dev", "place", "reason"),
    [
        ({"acount": "222222222222"}, "environments.dev.acount", "Extra inputs are not permitted"),
        ({"branch": None}, "environments.dev.branch", "Field required"),
        ({"account": "22222222222"}, "environments.dev.account", r"\d{12}"),
        ({"account": 222222222222}, "environments.dev.account", "valid string"),
        ({"region": "us-east"}, "environments.dev.region", "should match pattern"),
        ({"region": "cn-north-1"}, "environments.dev.region", "cn-north-1 is not in the partition aws"),
        ({"region": "us-gov-west-1"}, "environments.dev.region", "us-gov-west-1 is not in the partition aws"),
        ({"region": "us-isob-east-1"}, "environments.dev.region", "us-isob-east-1 is not in the partition aws"),
        ({"availability_zones": []}, "environments.dev.availability_zones", "at least 1"),
        ({"availability_zones": ["eu-west-1a"]}, "environments.dev", "eu-west-1a not in us-east-1"),
        ({"availability_zones": ["us-east-1"]}, "environments.dev", "us-east-1 not in us-east-1"),
        ({"availability_zones": ["us-east-1a", "us-east-1a"]}, "environments.dev", "a zone is named twice"),
        ({"vpc_cidr": "10.10.0.0/33"}, "environments.dev.vpc_cidr", "10.10.0.0/33"),
        ({"vpc_cidr": "10.10.0.1/16"}, "environments.dev.vpc_cidr", "has host bits set"),
        ({"vpc_cidr": "10.10.0.0/24"}, "environments.dev.vpc_cidr", "/24 is not between /16 and /20"),
        ({"vpc_cidr": "8.8.0.0/16"}, "environments.dev.vpc_cidr", "not a private range"),
        ({"branch": "main branch"}, "environments.dev.branch", "should match pattern"),
        ({"nat_gateways": 3}, "environments.dev", "3 for 2 availability zones; write 0, 1 or 2"),
        ({"interface_endpoints": ["sqs"]}, "environments.dev.interface_endpoints.0", "'glue'"),
        (
            {"retention": {"landed_file_tier_days": 29}},
            "retention.landed_file_tier_days",
            "greater than or equal to 30",
        ),
        ({"odp": {"max_workers_per_run": 1}}, "environments.dev.odp.max_workers_per_run", "greater than or equal to 2"),
        ({"removal_policy": "keep"}, "environments.dev.removal_policy", "'retain' or 'destroy'"),
        ({"resource_prefix": "team-a"}, "environments.dev.resource_prefix", "should match pattern"),
        ({"retention": {"log_days": 45}}, "environments.dev.retention.log_days", "CloudWatch keeps logs for one of"),
        ({"odp": {"glue_version": "2.0"}}, "environments.dev.odp.glue_version", "'5.1'"),
        ({"odp": {"max_concurrent_batches": 41}}, "environments.dev.odp.max_concurrent_batches", "less than or equal"),
        ({"notification_addresses": ["nobody"]}, "environments.dev.notification_addresses.0", "should match pattern"),
        ({"name": "prod"}, "environments.dev.name", "named by its key alone"),
    ],
)
def test_a_wrong_field_is_named_with_its_place_and_reason(
    tmp_path: Path, dev: dict[str, Any], place: str, reason: str
) -> None:
    (problem,) = problems(tmp_path, platform_with(**dev))
    assert place in problem
    assert reason in problem


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
    ("removal_policy", "approval", "waits"),
    [
        ("retain", None, True),
        ("retain", True, True),
        ("destroy", None, False),
        ("destroy", True, True),
        ("destroy", False, False),
    ],
)
def test_a_person_approves_where_data_is_protected_and_where_the_configuration_says_so(
    tmp_path: Path, removal_policy: str, approval: bool | None, waits: bool
) -> None:
    configuration = platform_with(removal_policy=removal_policy, approval=approval)
    assert load_platform(written(tmp_path, configuration)).environments["dev"].waits_for_approval is waits


def test_protected_data_without_an_approval_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, platform_with(removal_policy="retain", approval=False))
    assert problem.startswith("environments.dev: approval: false, but removal_policy retain")


@pytest.mark.parametrize(
    ("deployment", "place", "reason"),
    [
        ({"repository": {"provider": "github", "name": "owner/lake"}}, "deployment.repository", "'connection'"),
        ({"repository": {"provider": "codecommit", "name": "owner/lake"}}, "codecommit.name", "should match pattern"),
        ({"repository": {"provider": "connection", "name": "owner/lake"}}, "connection_arn", "Field required"),
        (
            {"repository": {"provider": "connection", "name": "lake", "connection_arn": CONNECTION}},
            "deployment.repository.connection.name",
            "should match pattern",
        ),
        ({"account": "999999999999"}, "deployment", "not a connection of account 999999999999"),
        ({"region": "us-gov-east-1"}, "deployment.region", "us-gov-east-1 is not in the partition aws"),
        ({"log_days": 45}, "deployment.log_days", "CloudWatch keeps logs for one of"),
        ({"notification_addresses": ["nobody"]}, "deployment.notification_addresses.0", "should match pattern"),
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
    assert problem.startswith("deployment.repository.codecommit.folders.etl: String should match pattern")


def test_a_secret_has_a_name_and_a_purpose_but_no_value(tmp_path: Path) -> None:
    platform = load_platform(written(tmp_path, {**PLATFORM, "secrets": {"source-database": "How DMS signs in"}}))
    assert platform.secrets == {"source-database": "How DMS signs in"}
    (problem,) = problems(tmp_path, {**PLATFORM, "secrets": {"Source Database": "How DMS signs in"}})
    assert problem.startswith("secrets.Source Database")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, platform_with(account="1", region="nowhere", removal_policy="keep"))
    assert [problem.split(":")[0] for problem in found] == [
        "environments.dev.account",
        "environments.dev.region",
        "environments.dev.removal_policy",
    ]


def test_of_very_many_problems_the_first_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    unknown = {f"field_{number}": 1 for number in range(MAX_REPORTED_PROBLEMS + 5)}
    with pytest.raises(ConfigurationError) as refused:
        load_platform(written(tmp_path, platform_with(**unknown)))
    assert len(refused.value.problems) == MAX_REPORTED_PROBLEMS + 5
    assert len(str(refused.value).splitlines()) == 1 + MAX_REPORTED_PROBLEMS + 1
    assert str(refused.value).endswith("and 5 more")


@pytest.mark.parametrize("environments", [{}, [], None, {"dev": "222222222222"}, {"Dev": DEV}])
def test_environments_must_be_named_objects(tmp_path: Path, environments: Any) -> None:
    found = problems(tmp_path, {**PLATFORM, "environments": environments})
    assert all(problem.startswith("environments") for problem in found)


@pytest.mark.parametrize("document", [[], "odp", None, 1])
def test_a_document_that_is_no_object_is_refused(tmp_path: Path, document: Any) -> None:
    assert len(problems(tmp_path, json.dumps(document))) == 1


def test_malformed_json_is_told_with_line_and_column(tmp_path: Path) -> None:
    assert problems(tmp_path, '{\n  "name": odp\n}') == ("line 2, column 11: Expecting value",)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "environments.json"
    path.write_bytes(b"{\xff}")
    with pytest.raises(ConfigurationError, match="byte 1: not UTF-8"):
        load_platform(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json is not a valid configuration:\n  No such file"):
        load_platform(tmp_path / "nowhere.json")


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Is a directory"):
        load_platform(tmp_path)


def test_the_model_itself_refuses_what_the_loader_refuses() -> None:
    with pytest.raises(ValidationError):
        Platform.model_validate(platform_with(account="1"))
