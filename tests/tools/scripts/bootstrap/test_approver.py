"""Who approves needs a second factor, reads what is approved, and reaches no other pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from deployment_account.environments import Platform
from scripts.bootstrap.execution_policy.approver import approver_of
from scripts.bootstrap.execution_policy.policies import boundary_of

HERE = "arn:aws:codepipeline:us-east-1:111111111111:"
APPROVE = "codepipeline:PutApprovalResult"
ACTION = "/Approve-prod/Approve"
FRESH = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "60"}
Statement = Mapping[str, Any]


@pytest.fixture
def statements(platform: Platform) -> list[Statement]:
    policy = approver_of(platform, platform.environments["prod"])
    assert policy is not None
    assert policy.name == "odp-prod-approver"
    return list(policy.document["Statement"])


def holds(statement: Statement, context: Mapping[str, str]) -> bool:
    """IAM's rule for the two operators here: a key that is missing makes a condition false."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            found = context.get(key)
            fits = found is not None and (found == wanted if operator == "Bool" else float(found) < float(wanted))
            assert operator in ("Bool", "NumericLessThan")
            if not fits:
                return False
    return True


def may(statements: Iterable[Statement], action: str, resource: str, context: Mapping[str, str]) -> bool:
    def is_about(pattern: str) -> bool:
        return resource.startswith(pattern.removesuffix("*")) if pattern.endswith("*") else resource == pattern

    return any(
        action in one["Action"] and any(map(is_about, one["Resource"])) and holds(one, context) for one in statements
    )


@pytest.mark.parametrize("app", ["infra", "etl"])
def test_an_approval_is_given_with_a_second_factor_that_was_just_shown(statements: list[Statement], app: str) -> None:
    action = f"{HERE}odp-prod-{app}{ACTION}"
    assert may(statements, APPROVE, action, FRESH)
    assert not may(statements, APPROVE, action, {})
    assert not may(statements, APPROVE, action, {**FRESH, "aws:MultiFactorAuthPresent": "false"})
    assert not may(statements, APPROVE, action, {**FRESH, "aws:MultiFactorAuthAge": "3600"})


@pytest.mark.parametrize("pipeline", ["odp-test-infra", "odp-prod2-infra", "other-prod-infra", "odp-dev-etl"])
def test_it_is_no_approval_of_another_pipeline(statements: list[Statement], pipeline: str) -> None:
    assert not may(statements, APPROVE, f"{HERE}{pipeline}{ACTION}", FRESH)


def test_it_changes_and_starts_nothing(statements: list[Statement]) -> None:
    actions = {action.split(":")[1] for one in statements for action in one["Action"]}
    reading = ("Get", "List", "BatchGet", "Describe", "Filter")
    assert {action for action in actions if not action.startswith(reading)} == {"PutApprovalResult"}


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_there_is_none_where_nobody_is_asked(platform: Platform, environment: str) -> None:
    assert approver_of(platform, platform.environments[environment]) is None


def test_no_role_of_a_pipeline_approves(platform: Platform) -> None:
    """Whatever policies it has: its boundary leaves no such action."""
    bounds = boundary_of(platform, platform.environments["prod"]).document["Statement"]
    actions = {action for one in bounds for action in one["Action"]}
    assert not [action for action in actions if action in (APPROVE, "codepipeline:*", "codepipeline:Put*", "*")]
