"""The policy of the people who approve."""

from __future__ import annotations

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names
from scripts.bootstrap.accounts import Place
from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant
from scripts.bootstrap.execution_policy.policies import Policy

LONGEST_SESSION = 3_600
"""Seconds since the second factor was shown."""
_WITH_MFA = {
    "Bool": {"aws:MultiFactorAuthPresent": "true"},
    "NumericLessThan": {"aws:MultiFactorAuthAge": str(LONGEST_SESSION)},
}


def approver_of(platform: Platform, environment: Environment) -> Policy | None:
    """The policy of an environment's approvers, if its releases need an approval.

    It allows to read the request and to answer it with a second factor. Nobody has it until a person attaches it. No
    role of the pipelines can use it, because the boundary allows no such action.
    """
    if not environment.waits_for_approval:
        return None
    names = Names.of(platform, environment)
    scope = Scope(Place.of_pipelines(platform, environment), names)
    return Policy(names.approver_policy, tuple(_grants(scope)))


def _grants(scope: Scope) -> list[Grant]:
    pipelines = scope.arn("codepipeline", scope.generated)
    return [
        grant("codepipeline", "PutApprovalResult", pipelines, condition=_WITH_MFA),
        grant(
            "codepipeline",
            "GetPipeline GetPipelineExecution GetPipelineState ListActionExecutions ListPipelineExecutions",
            pipelines,
        ),
        grant("codepipeline", "ListPipelines", "*", because="the console lists pipelines before it shows one"),
        grant("codebuild", "BatchGetBuilds", scope.arn("codebuild", f"project/{scope.generated}")),
        grant(
            "logs",
            "DescribeLogStreams FilterLogEvents GetLogEvents",
            scope.arn("logs", f"log-group:{scope.generated}"),
        ),
    ]
