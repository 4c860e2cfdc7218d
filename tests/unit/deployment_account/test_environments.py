"""The configuration is checked whole; what is wrong is named by file, place and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deployment_account.environments import Platform, load_platform
from deployment_account.errors import MAX_REPORTED_PROBLEMS, ConfigurationError
from tests.unit.deployment_account.configurations import PLATFORM, platform_with, problems, written


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


def test_a_configuration_cannot_be_changed_once_loaded(tmp_path: Path) -> None:
    dev = load_platform(written(tmp_path, PLATFORM)).environments["dev"]
    with pytest.raises(ValidationError, match="frozen"):
        dev.account = "999999999999"  # type: ignore[misc]


def test_the_schema_reference_for_editors_is_allowed(tmp_path: Path) -> None:
    assert load_platform(written(tmp_path, {**PLATFORM, "$schema": "./environments.schema.json"})).name == "odp"


@pytest.mark.parametrize(
    ("dev", "place", "reason"),
    [
        ({"acount": "222222222222"}, "environments.dev", "unknown field 'acount'; did you mean 'account'?"),
        ({"branch": None}, "environments.dev", "branch is missing"),
        ({"account": "22222222222"}, "environments.dev.account", r"\d{12}"),
        (
            {"account": 222222222222},
            "environments.dev.account",
            'must be a text in quotes, "222222222222", not 222222222222',
        ),
        ({"region": "us-east"}, "environments.dev.region", "does not match"),
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
        ({"branch": "main branch"}, "environments.dev.branch", "does not match"),
        ({"nat_gateways": 3}, "environments.dev", "3 for 2 availability zones; write 0, 1 or 2"),
        ({"interface_endpoints": ["sqs"]}, "environments.dev.interface_endpoints.0", "write glue or kms"),
        (
            {"private_network": True, "region": "eu-west-1", "availability_zones": ["eu-west-1a"]},
            "environments.dev",
            "S3 and DynamoDB in eu-west-1 are not known here",
        ),
        (
            {"private_network": True, "prefix_lists": {"s3": "pl-63a5400a"}},
            "environments.dev.prefix_lists",
            "dynamodb is missing",
        ),
        (
            {"private_network": True, "prefix_lists": {"s3": "0.0.0.0/0", "dynamodb": "pl-02cd2c6b"}},
            "environments.dev.prefix_lists.s3",
            "does not match",
        ),
        (
            {"prefix_lists": {"s3": "pl-63a5400a", "dynamodb": "pl-02cd2c6b"}},
            "environments.dev",
            "prefix_lists: only with private_network",
        ),
        (
            {"retention": {"landed_file_tier_days": 29}},
            "retention.landed_file_tier_days",
            "must be a whole number from 30 to 3653",
        ),
        (
            {"retention": {"landed_file_tier_days": 90}},
            "retention",
            "landed_file_tier_days: 90, but landed files expire after 90 days",
        ),
        (
            {"retention": {"landed_file_days": 365, "noncurrent_version_days": 30, "history_days": 402}},
            "retention",
            "history_days: 402, but a landed file's object may last 402 days",
        ),
        (
            {"odp": {"max_files_per_refresh": 0}},
            "environments.dev.odp.max_files_per_refresh",
            "must be a whole number from 1 to 100000",
        ),
        (
            {"odp": {"max_workers_per_run": 1}},
            "environments.dev.odp.max_workers_per_run",
            "must be a whole number from 2 to 299",
        ),
        ({"removal_policy": "keep"}, "environments.dev.removal_policy", "write retain or destroy"),
        ({"resource_prefix": "team-a"}, "environments.dev.resource_prefix", "does not match"),
        ({"retention": {"log_days": 45}}, "environments.dev.retention.log_days", "CloudWatch keeps logs for one of"),
        ({"odp": {"glue_version": "2.0"}}, "environments.dev.odp.glue_version", "write 5.1"),
        (
            {"odp": {"max_concurrent_batches": 41}},
            "environments.dev.odp.max_concurrent_batches",
            "must be a whole number from 1 to 40",
        ),
        ({"taxi": {"workers": 1}}, "environments.dev.taxi.workers", "must be a whole number from 2 to 299"),
        ({"taxi": {"glue_version": "2.0"}}, "environments.dev.taxi.glue_version", "write 5.1"),
        ({"taxi": {"worker_type": "Standard"}}, "environments.dev.taxi.worker_type", "does not match"),
        (
            {"taxi": {"batching_window_seconds": 301}},
            "taxi.batching_window_seconds",
            "must be a whole number from 1 to 300",
        ),
        (
            {"taxi": {"query_scan_limit_mb": 9}},
            "environments.dev.taxi.query_scan_limit_mb",
            "must be a whole number of at least 10",
        ),
        ({"dms_roles": ["dms-*"]}, "environments.dev.dms_roles.0", "does not match"),
        ({"dms_roles": ["*"]}, "environments.dev.dms_roles.0", "does not match"),
        ({"dms_roles": ["dms-?anding"]}, "environments.dev.dms_roles.0", "does not match"),
        ({"dms_roles": ["arn:aws:iam::222222222222:role/dms"]}, "environments.dev.dms_roles.0", "does not match"),
        ({"dms_roles": ["x" * 65]}, "environments.dev.dms_roles.0", "does not match"),
        ({"dms_roles": [""]}, "environments.dev.dms_roles.0", "does not match"),
        ({"dms_roles": "dms-landing"}, "environments.dev.dms_roles", "must be a list"),
        ({"dms_roles": ["dms-landing", "dms-landing"]}, "environments.dev.dms_roles", "dms-landing is named twice"),
        (
            {"dms_roles": ["aws-reserved/sso.amazonaws.com/AWSReservedSSO_Administrator_0123456789abcdef"]},
            "environments.dev.dms_roles",
            "people sign in by it",
        ),
        ({"notification_addresses": ["nobody"]}, "environments.dev.notification_addresses.0", "does not match"),
        ({"name": "prod"}, "environments.dev.name", "named by its key alone"),
    ],
)
def test_a_wrong_field_is_named_with_its_place_and_reason(
    tmp_path: Path, dev: dict[str, Any], place: str, reason: str
) -> None:
    (problem,) = problems(tmp_path, platform_with(**dev))
    assert place in problem
    assert reason in problem


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


@pytest.mark.parametrize("document", [[], "odp", None, 1])
def test_a_document_that_is_no_object_is_refused(tmp_path: Path, document: Any) -> None:
    assert len(problems(tmp_path, json.dumps(document))) == 1


def test_malformed_json_is_told_with_line_and_column(tmp_path: Path) -> None:
    assert problems(tmp_path, '{\n  "name": odp\n}') == ("is not JSON: Expecting value: line 2 column 11 (char 12)",)


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


ELSEWHERE = "arn:aws:backup:us-west-2:{}:backup-vault:copies"


def backed_up(**backup: Any) -> dict[str, Any]:
    return platform_with(removal_policy="retain", backup=backup)


def test_protected_data_is_backed_up_by_default_and_other_data_is_not(tmp_path: Path) -> None:
    protected = load_platform(written(tmp_path, platform_with(removal_policy="retain"))).environments["dev"].backups
    assert protected
    assert (protected.keep_days, protected.lock_after_days, protected.copy_to) == (35, 14, None)
    assert load_platform(written(tmp_path, PLATFORM)).environments["dev"].backups is None


@pytest.mark.parametrize("account", ["999999999999", "222222222222"])
def test_backups_are_copied_to_another_account_or_region(tmp_path: Path, account: str) -> None:
    found = load_platform(written(tmp_path, backed_up(copy_to=ELSEWHERE.format(account)))).environments["dev"].backups
    assert found
    assert found.copy_to == ELSEWHERE.format(account)


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        (platform_with(removal_policy="destroy", backup={}), "only where removal_policy is retain"),
        (backed_up(keep_days=6), "must be a whole number from 7 to 3653"),
        (backed_up(lock_after_days=2), "must be a whole number from 3 to 365"),
        (backed_up(copy_to="copies"), "does not match"),
        (backed_up(copy_to="arn:aws:s3:::copies"), "does not match"),
        (
            backed_up(copy_to="arn:aws:backup:us-east-1:222222222222:backup-vault:copies"),
            "222222222222 us-east-1, where the data is",
        ),
    ],
)
def test_backups_that_help_nobody_are_refused(tmp_path: Path, configuration: dict[str, Any], reason: str) -> None:
    (found,) = problems(tmp_path, configuration)
    assert "backup" in found
    assert reason in found


@pytest.mark.parametrize("organization", ["", "o-1", "O-A1B2C3D4E5", "r-a1b2", "o-a1b2c3d4e5*", "*"])
def test_an_organization_is_named_by_its_id(tmp_path: Path, organization: str) -> None:
    (found,) = problems(tmp_path, platform_with(organization=organization))
    assert found.startswith("environments.dev.organization")
