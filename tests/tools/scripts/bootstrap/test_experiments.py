"""CloudFormation may make the experiment that pauses replication, where there is one to pause, and start none."""

from __future__ import annotations

from typing import Any

import pytest

from deployment_account.environments import Platform
from rehearsal.pipeline.registry import needed_actions
from scripts.bootstrap.accounts import Place
from tests.tools.scripts.bootstrap.granted import DEV, allowed, changed, may, patterns

WEST = Place(DEV.account, "us-west-2")
SECONDARY = {"region": "us-west-2", "availability_zones": ["us-west-2a"], "vpc_cidr": "10.77.0.0/16"}


def two_regions(platform: Platform, **more: Any) -> Platform:
    return changed(platform, "odp", {"dev": {"secondary": SECONDARY, **more}})


@pytest.mark.parametrize("place", [DEV, WEST], ids=["primary", "secondary"])
def test_all_that_its_type_needs_is_allowed_in_both_regions(platform: Platform, place: Place) -> None:
    assert needed_actions("AWS::FIS::ExperimentTemplate") <= allowed(two_regions(platform), place)


def test_no_environment_with_one_region_has_a_right_of_fis(platform: Platform) -> None:
    assert not [action for action in allowed(platform, DEV) if action.startswith("fis:")]


def test_a_protected_environment_has_none_either(platform: Platform) -> None:
    granted = allowed(two_regions(platform, removal_policy="retain"), DEV)
    assert not [action for action in granted if action.startswith("fis:")]


def test_a_push_starts_no_experiment(platform: Platform) -> None:
    assert "fis:StartExperiment" not in allowed(two_regions(platform), DEV)


def test_templates_have_no_other_action_than_to_pause_replication(platform: Platform) -> None:
    both = two_regions(platform)
    actions = {arn for arn in patterns(both, DEV, "fis:CreateExperimentTemplate") if ":action/" in arn}
    assert {arn.split(":action/")[1] for arn in actions} == {
        "aws:dynamodb:global-table-pause-replication",
        "aws:s3:bucket-pause-replication",
    }
    assert not may(
        both, DEV, "fis:CreateExperimentTemplate", f"arn:aws:fis:us-east-1:{DEV.account}:action/aws:ec2:stop-instances"
    )
