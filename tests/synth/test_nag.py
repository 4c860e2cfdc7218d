"""cdk-nag's AwsSolutions rules over all stacks of all environments."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

from tests.synth.conftest import Synthesis


def test_nothing_is_found_that_is_not_acknowledged_with_its_reason(synthesis: Synthesis) -> None:
    assert synthesis.findings == frozenset()


def test_the_rules_are_at_work() -> None:
    app = cdk.App()
    s3.Bucket(cdk.Stack(app, "Stack"), "Open")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
