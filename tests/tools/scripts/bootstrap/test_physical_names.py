"""What templates and CloudFormation call the resources lies within the patterns of the execution policies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployment_account.environments import Platform
from tests.tools.scripts.bootstrap.granted import DEV, PIPELINES, changed, may
from tests.tools.scripts.bootstrap.physical_names import named_resources

SNAPSHOTS = Path(__file__).resolve().parents[3] / "synth" / "snapshots"


def test_every_name_that_a_template_gives_lies_within_the_patterns(platform: Platform) -> None:
    found = 0
    for path in SNAPSHOTS.glob("*.json"):
        place = PIPELINES if path.stem.endswith("-Pipeline") else DEV
        resources = json.loads(path.read_text())["Resources"].values()
        for named in named_resources(place, [(one["Type"], one["Properties"]) for one in resources]):
            assert may(platform, place, named.action, named.arn), named.arn
            found += 1
    assert found > 20


@pytest.mark.parametrize(
    "alias",
    [
        "alias/eline-sutencryptionaliasc8b66897b49ba06d1aaa",
        "alias/ine-supptencryptionalias7a7f69e5ef9b1890bd7a",
        "alias/pppppppptencryptionalias7a7f69e5ef9b1890bd7a",
    ],
)
@pytest.mark.parametrize("action", ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"])
def test_aliases_of_the_stacks_for_other_regions_are_the_pipelines_business_alone(
    platform: Platform, action: str, alias: str
) -> None:
    """The names are CDK's; tests/embedded/bootstrap/test_other_regions.py synthesises such stacks."""
    assert may(platform, PIPELINES, action, f"arn:aws:kms:us-east-1:{PIPELINES.account}:{alias}")
    assert not may(platform, PIPELINES, action, f"arn:aws:kms:us-east-1:{PIPELINES.account}:alias/of-someone-else")
    assert not may(platform, DEV, action, f"arn:aws:kms:us-east-1:{DEV.account}:{alias}")


def test_generated_names_are_matched_as_far_as_cloudformation_keeps_them(platform: Platform) -> None:
    long = changed(platform, "p" * 19, {"dev": {}})
    kept = f"{'p' * 19}-dev-etl-Odp"[:24]
    role = f"arn:aws:iam::{DEV.account}:role/{kept}-FileManagerRole1234-ABC"
    assert may(long, DEV, "iam:CreateRole", role)
