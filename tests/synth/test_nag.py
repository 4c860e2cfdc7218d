"""cdk-nag's AwsSolutions rules over all stacks of all environments, and what is acknowledged to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

from tests.synth.acknowledgements import Acknowledgement, acknowledgements
from tests.synth.conftest import Synthesis

if TYPE_CHECKING:
    from constructs import IConstruct

    Where = Callable[[cdk.Stage, cdk.Stack, iam.Role], IConstruct]


def test_nothing_is_found_that_is_not_acknowledged_with_its_reason(synthesis: Synthesis) -> None:
    assert synthesis.findings == frozenset()


def test_the_rules_are_at_work() -> None:
    app = cdk.App()
    s3.Bucket(cdk.Stack(app, "Stack"), "Open")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


def test_each_acknowledgement_is_of_one_finding_in_one_resource_and_has_a_reason(synthesis: Synthesis) -> None:
    assert synthesis.acknowledgements
    assert [one for one in synthesis.acknowledgements if one.is_blanket] == []
    assert [one for one in synthesis.acknowledgements if len(one.reason.split()) < 5] == []


IAM5 = "AwsSolutions-IAM5[Resource::arn:aws:s3:::data/*]"


def acknowledged(where: Where, rule: str, folder: Path) -> Acknowledgement:
    """One acknowledgement in an app that has nothing else."""
    app = cdk.App(outdir=str(folder))
    stage = cdk.Stage(app, "Stage")
    stack = cdk.Stack(stage, "Stack")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
    cdk.Validations.of(where(stage, stack, role)).acknowledge(cdk.Acknowledgment(id=rule, reason="It has to be so."))
    app.synth()
    (found,) = acknowledgements(app, folder)
    return found


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(lambda stage, stack, role: stage.node.root, id="App"),
        pytest.param(lambda stage, stack, role: stage, id="Stage"),
        pytest.param(lambda stage, stack, role: stack, id="Stack"),
    ],
)
def test_an_acknowledgement_for_all_that_there_is_below_is_noticed(where: Where, tmp_path: Path) -> None:
    assert acknowledged(where, "AwsSolutions-S1", tmp_path).is_blanket


@pytest.mark.parametrize(
    ("rule", "is_blanket"),
    [("AwsSolutions-IAM5", True), ("AwsSolutions-IAM4", True), (IAM5, False), ("AwsSolutions-L1", False)],
)
def test_an_acknowledgement_of_a_whole_policy_is_noticed(rule: str, is_blanket: bool, tmp_path: Path) -> None:
    assert acknowledged(lambda stage, stack, role: role, rule, tmp_path).is_blanket is is_blanket
