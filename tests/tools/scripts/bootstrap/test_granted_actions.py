"""Every granted action exists and is granted on what IAM compares it with; every pattern was reviewed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import Platform
from scripts.bootstrap.accounts import Place
from scripts.bootstrap.execution_policy.policies import boundary_of
from tests.tools.scripts.bootstrap.granted import (
    DEV,
    PIPELINES,
    PLACES,
    PROD,
    allowed,
    execution_policies,
    grants,
    patterns,
)

HERE = Path(__file__).parent
REFERENCE: dict[str, Any] = json.loads((HERE / "service_authorization.json").read_text())
WITHOUT_RESOURCE_TYPES = frozenset(REFERENCE["without_resource_types"])
REQUIRED_RESOURCES: dict[str, list[str]] = REFERENCE["required_resources"]
REVIEWED = HERE / "reviewed_grants.json"


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_every_granted_action_is_one_that_iam_knows(platform: Platform, place: Place) -> None:
    unknown = allowed(platform, place) - WITHOUT_RESOURCE_TYPES - REQUIRED_RESOURCES.keys()
    assert not unknown, "look them up in AWS's Service Authorization Reference, then add them to the table of it"


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_an_action_without_resource_types_is_granted_on_everything_or_iam_denies_it(
    platform: Platform, place: Place
) -> None:
    granted = allowed(platform, place) & WITHOUT_RESOURCE_TYPES
    assert len(granted) > 5
    assert {action: patterns(platform, place, action) for action in granted} == {action: {"*"} for action in granted}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_an_action_with_resource_types_is_not_granted_on_everything(platform: Platform, place: Place) -> None:
    granted = allowed(platform, place) & REQUIRED_RESOURCES.keys()
    # of this one the reference names a type that other pages of AWS deny; it reads two settings of a VPC
    assert {one for one in granted if "*" in patterns(platform, place, one)} <= {"ec2:DescribeVpcAttribute"}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_an_action_is_granted_on_every_kind_of_resource_that_it_requires(platform: Platform, place: Place) -> None:
    for action in allowed(platform, place) & REQUIRED_RESOURCES.keys():
        kinds, granted = REQUIRED_RESOURCES[action], patterns(platform, place, action)
        covered = [any(is_of_kind(pattern, kind) for pattern in granted) for kind in kinds]
        # a tag is put on one resource, of whichever kind
        assert (any(covered) or not kinds) if "tag" in action.lower() else all(covered), f"{action} requires {kinds}"


def is_of_kind(pattern: str, kind: str) -> bool:
    return pattern == "*" or pattern.split(":", 5)[5].startswith(kind)


def test_the_table_of_actions_says_whence_and_when_it_is_and_holds_none_that_is_not_granted(platform: Platform) -> None:
    assert REFERENCE["date"] in REFERENCE["source"]
    granted = set().union(*(allowed(platform, place) for place in PLACES.values()))
    assert granted >= WITHOUT_RESOURCE_TYPES | REQUIRED_RESOURCES.keys()


def test_every_grant_on_a_pattern_was_reviewed(platform: Platform) -> None:
    now = "".join(f"{line}\n" for line in reviewed_lines(platform))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        REVIEWED.write_text(now)
    assert now == REVIEWED.read_text(), "review what became wider, then run the test with UPDATE_SNAPSHOTS=1"


def reviewed_lines(platform: Platform) -> list[str]:
    """Line by line, so that a difference shows one action more or one pattern wider, and nothing else."""
    policies = {name: execution_policies(platform, PLACES[name]) for name in ("dev", "pipelines")}
    # of what prod has besides, the rest is dev's with other names
    policies["prod"] = [one for one in execution_policies(platform, PROD) if one.name.endswith("-backups")]
    policies["boundary"] = [boundary_of(platform, platform.environments["dev"])]
    statements = {
        name: [one.statement() for one in grants(found) if "*" in "".join(one.resources)]
        for name, found in policies.items()
    }
    return json.dumps(statements, indent=1).splitlines()


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_no_action_is_a_pattern(platform: Platform, place: Place) -> None:
    assert not [action for action in allowed(platform, place) if "*" in action]


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_whatever_is_not_bounded_by_this_platforms_own_names_says_why(platform: Platform, place: Place) -> None:
    wide = [one for one in grants(execution_policies(platform, place)) if not all(map(is_own, one.resources))]
    assert wide
    assert [one.actions for one in wide if len(one.because.split()) < 4] == []


def is_own(arn: str) -> bool:
    """Whether a pattern can match nothing but this platform's resources, CDK's own included."""
    return "*" not in arn or any(name in arn for name in ("odp-", "odpf_", "taxi_flow", "/odp/", ":odp/"))


def test_a_resource_of_every_region_or_account_is_never_named(platform: Platform) -> None:
    for one in grants(execution_policies(platform, DEV)):
        for arn in one.resources:
            assert arn == "*" or arn.startswith("arn:aws:s3:::") or f":{DEV.account}:" in arn
            assert arn == "*" or one.service in ("iam", "s3") or f":{DEV.region}:" in arn or "dashboard" in arn


def test_data_and_values_stay_out_of_reach(platform: Platform) -> None:
    """CloudFormation makes buckets, tables and secrets; it has no business with what is in them."""
    reading = {"dynamodb:GetItem", "dynamodb:Scan", "secretsmanager:GetSecretValue", "s3:PutObject", "s3:DeleteObject"}
    assert not reading & allowed(platform, DEV)
    assets = "arn:aws:s3:::cdk-odpdev-assets-222222222222-us-east-1/*"
    assert patterns(platform, DEV, "s3:GetObject") == {assets}


def test_roles_are_handed_to_the_services_that_the_stacks_use_and_get_no_policies_of_others(platform: Platform) -> None:
    for place, service in ((DEV, "lambda.amazonaws.com"), (PIPELINES, "codepipeline.amazonaws.com")):
        (passing,) = [one for one in grants(execution_policies(platform, place)) if "PassRole" in one.actions]
        assert passing.resources == (f"arn:aws:iam::{place.account}:role/odp-dev-*",)
        assert service in passing.condition["StringEquals"]["iam:PassedToService"]
        assert not {"iam:AttachRolePolicy", "iam:CreateUser", "iam:CreatePolicy"} & allowed(platform, place)
