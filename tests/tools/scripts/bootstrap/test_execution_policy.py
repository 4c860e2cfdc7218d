"""CloudFormation's rights are those that the stacks need by its registry, and no others."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from deployment_account.environments import Platform
from rehearsal.pipeline.registry import FEATURES_WE_DO_NOT_USE, needed_actions, registry
from scripts.bootstrap.accounts import Place
from scripts.bootstrap.execution_policy.policies import boundary_of
from tests.tools.scripts.bootstrap.granted import DEV, PIPELINES, PROD, allowed, changed, execution_policies, may

PROJECT = Path(__file__).resolve().parents[4]
SNAPSHOTS = PROJECT / "tests" / "synth" / "snapshots"

BY_CONFIGURATION = {
    "nat_gateways": {
        "AWS::EC2::EIP",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::VPCGatewayAttachment",
    },
    "notification_addresses": {"AWS::SNS::Subscription"},
}
"""Types that dev has not, but would have with other values."""


def types_of(*stacks: str) -> set[str]:
    templates = [json.loads(path.read_text()) for stack in stacks for path in SNAPSHOTS.glob(f"{stack}.json")]
    return {resource["Type"] for template in templates for resource in template["Resources"].values()}


OWN_TYPES = {type_ for type_ in types_of("*") if type_.startswith("Custom::")}
"""Which the registry does not know: CloudFormation calls a function of ours for them."""
TARGET_TYPES = types_of("infra-[!P]*", "etl-[!P]*").union(*BY_CONFIGURATION.values()) - OWN_TYPES
PROTECTED_TYPES = types_of("prod/infra-[!P]*", "prod/etl-[!P]*") - OWN_TYPES
PIPELINE_TYPES = types_of("*-Pipeline") | {"AWS::SNS::Subscription"}


def test_the_stacks_are_really_looked_at() -> None:
    assert {"AWS::EC2::VPC", "AWS::S3::Bucket", "AWS::Glue::Job", "AWS::DynamoDB::Table"} < TARGET_TYPES
    assert {"AWS::Backup::BackupVault", "AWS::Backup::BackupPlan"} < PROTECTED_TYPES
    assert {"AWS::CodePipeline::Pipeline", "AWS::CodeBuild::Project", "AWS::SNS::Topic"} < PIPELINE_TYPES


@pytest.mark.parametrize(
    ("place", "type_"),
    [
        *(pytest.param(DEV, type_, id=f"dev {type_}") for type_ in sorted(TARGET_TYPES)),
        *(pytest.param(PROD, type_, id=f"prod {type_}") for type_ in sorted(PROTECTED_TYPES)),
        *(pytest.param(PIPELINES, type_, id=f"pipelines {type_}") for type_ in sorted(PIPELINE_TYPES)),
    ],
)
def test_all_that_a_resource_type_needs_is_allowed(platform: Platform, place: Place, type_: str) -> None:
    assert needed_actions(type_) <= allowed(platform, place)


@pytest.mark.parametrize("type_", sorted(type_ for type_ in registry() if type_.startswith("AWS::DMS::")))
def test_all_that_a_replication_needs_is_allowed_where_a_source_has_one(platform: Platform, type_: str) -> None:
    replication = {"engine": "mysql", "network": "10.50.0.0/24", "secret": "source-database", "tls": "none"}
    fields = {"interface_endpoints": ["secretsmanager"], "sources": {"default": {"replication": replication}}}
    assert needed_actions(type_) <= allowed(changed(platform, "odp", {"dev": fields}), DEV)
    assert not needed_actions(type_) <= allowed(platform, DEV)


def test_no_feature_is_called_unused_that_no_type_has() -> None:
    actions = {action for needed in registry().values() for action in needed}
    superfluous = [pattern for pattern in FEATURES_WE_DO_NOT_USE if not any(fnmatchcase(a, pattern) for a in actions)]
    assert superfluous == []


LONGEST_POLICY_OF_IAM = 6_144
"""Characters, blanks left out: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""


@pytest.mark.parametrize("repository", ["connection", "codecommit"])
def test_the_longest_names_leave_the_policies_short_enough_for_iam(platform: Platform, repository: str) -> None:
    name, environment, prefix = "p" * 11, "e" * 11, "x" * 15 + "_"
    patterns = [letter * 39 + "*" for letter in "abcd"]
    fields = {"resource_prefix": prefix, "account": PIPELINES.account, "catalog_names": patterns}
    long = changed(platform, name, {environment: fields})
    if repository == "codecommit":
        raw = long.model_dump(by_alias=True)
        raw["deployment"]["repository"] = {"provider": "codecommit", "name": "r" * 100}
        long = Platform.model_validate(raw)
    policies = execution_policies(long, PIPELINES, environment)
    boundary = boundary_of(long, long.environments[environment])
    assert len(policies) == 6, "a role holds ten at most"
    assert max(len(policy.text) for policy in [*policies, boundary]) <= LONGEST_POLICY_OF_IAM


def test_lakes_that_share_an_account_have_a_role_each(platform: Platform) -> None:
    second = {"resource_prefix": "b_", "vpc_cidr": "10.99.0.0/16"}
    both = changed(platform, "odp", {"a": {}, "b": second})
    for environment in ("a", "b"):
        names = [policy.name for policy in execution_policies(both, DEV, environment)]
        assert len(names) == 4
        assert {name.split("-")[1] for name in names} == {environment}


def test_an_environment_has_no_policies_where_neither_it_nor_its_pipelines_are(platform: Platform) -> None:
    assert execution_policies(platform, DEV, "prod") == []


def test_functions_behind_resource_types_of_our_own_may_be_called(platform: Platform) -> None:
    assert OWN_TYPES
    assert may(
        platform, DEV, "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:222222222222:function:odp-dev-etl-Odp-x"
    )
    assert not may(platform, DEV, "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:222222222222:function:other")


@pytest.mark.parametrize(
    "action",
    [
        "backup:DeleteRecoveryPoint",
        "backup:UpdateRecoveryPointLifecycle",
        "backup:DeleteBackupVaultLockConfiguration",
        "backup:StartRestoreJob",
        "backup:StartCopyJob",
    ],
)
def test_no_push_deletes_or_takes_away_a_backup(platform: Platform, action: str) -> None:
    assert action not in allowed(platform, PROD)


def test_only_the_vault_of_a_protected_lake_is_made(platform: Platform) -> None:
    vault = "arn:aws:backup:us-east-1:{}:backup-vault:{}"
    assert may(platform, PROD, "backup:CreateBackupVault", vault.format("444444444444", "odp-prod-backups"))
    assert not may(platform, PROD, "backup:DeleteBackupVault", vault.format("444444444444", "of-another-team"))
    assert not [action for action in allowed(platform, DEV) if action.startswith("backup")]
