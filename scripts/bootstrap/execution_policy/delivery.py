"""Rights to create the pipelines of one environment, and the boundary of their roles."""

from __future__ import annotations

from dataclasses import replace

from deployment_account.environments import DeploymentAccount, Environment
from deployment_account.repository import ConnectedRepository
from deployment_account.sources import replications
from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant
from scripts.bootstrap.execution_policy.storage import aliases

_PASSED_TO = ("codebuild", "codepipeline", "events")
_CONNECTION_SERVICES = ("codeconnections", "codestar-connections")
_WRITING = ("Create*", "Delete*", "GitPush", "Update*")
"""What may be asked of a connection besides reading.

https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html#permissions-reference-connections-access
"""


def pipelines(scope: Scope) -> list[Grant]:
    """Pipelines and their builds."""
    return [
        grant(
            "codepipeline",
            "CreatePipeline DeletePipeline GetPipeline GetPipelineState UpdatePipeline StartPipelineExecution "
            "DisableStageTransition EnableStageTransition ListTagsForResource TagResource UntagResource",
            scope.arn("codepipeline", scope.generated),
        ),
        grant(
            "codebuild",
            "BatchGetProjects CreateProject DeleteProject UpdateProject",
            scope.arn("codebuild", f"project/{scope.generated}"),
        ),
    ]


def connection(deployment: DeploymentAccount) -> list[Grant]:
    """The right to pass the connection to pipelines; a person creates it."""
    repository = deployment.repository
    if not isinstance(repository, ConnectedRepository):
        return []
    return [grant(service, "PassConnection", repository.connection_arn) for service in _CONNECTION_SERVICES]


def bounded_roles(scope: Scope) -> list[Grant]:
    """Roles of this environment, always with its boundary.

    IAM compares `iam:PermissionsBoundary` with the requested or existing boundary of a role.
    """
    own = scope.global_arn("iam", f"role/{scope.generated}")
    bounded = {"StringEquals": {"iam:PermissionsBoundary": scope.global_arn("iam", _policy(scope))}}
    passed = {"StringEquals": {"iam:PassedToService": [f"{name}.amazonaws.com" for name in _PASSED_TO]}}
    return [
        grant("iam", "CreateRole PutRolePolicy DeleteRolePolicy PutRolePermissionsBoundary", own, condition=bounded),
        grant(
            "iam",
            "DeleteRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole "
            "GetRolePolicy ListRolePolicies ListAttachedRolePolicies",
            own,
        ),
        grant("iam", "PassRole", own, condition=passed),
    ]


def replicas(scope: Scope) -> list[Grant]:
    """Keys of the buckets through which a pipeline hands artifacts to other Regions."""
    reason = "CDK names these aliases by the end of their construct's path, and keeps of the stack's name what fits"
    return [aliases(scope, "/*tencryptionalias*", because=reason)]


def boundary(scope: Scope, deployment: DeploymentAccount, environment: Environment) -> list[Grant]:
    """The boundary: the most that any role of an environment may do in the account of its pipelines.

    It takes the roles of its own bootstraps and the one that stops replications, reads and writes its own artifacts and
    logs, and starts its own builds. In every Region, because one environment has one boundary.
    """
    accounts = dict.fromkeys((deployment.account, environment.account))
    bootstraps = [f"arn:aws:iam::{account}:role/cdk-{scope.names.qualifier}-*" for account in accounts]
    return [
        grant("sts", "AssumeRole TagSession", *bootstraps, because="the roles of this environment's own bootstraps"),
        *_operator(scope, environment),
        grant("s3", "*", scope.bucket_arn(scope.generated), because="artifacts of this environment's pipelines"),
        grant(
            "kms",
            "Decrypt DescribeKey Encrypt GenerateDataKey* ReEncrypt*",
            f"arn:aws:kms:*:{deployment.account}:key/*",
            because="KMS makes up the ids of keys; the key of each pipeline refuses other environments' roles itself",
        ),
        grant(
            "codebuild",
            "BatchGetBuilds BatchPutCodeCoverages BatchPutTestCases CreateReport CreateReportGroup StartBuild "
            "StopBuild UpdateReport",
            *(_anywhere("codebuild", deployment, f"{kind}/{scope.generated}") for kind in ("project", "report-group")),
        ),
        grant(
            "logs",
            "CreateLogGroup CreateLogStream PutLogEvents",
            *(_anywhere("logs", deployment, f"log-group:{path}{scope.generated}") for path in ("", "/aws/codebuild/")),
        ),
        grant("codepipeline", "StartPipelineExecution", _anywhere("codepipeline", deployment, scope.generated)),
        grant("cloudformation", "DescribeStacks", "*", because="CDK's command asks which stacks there are"),
        *_source(deployment),
    ]


def _operator(scope: Scope, environment: Environment) -> list[Grant]:
    """The roles that stop and start the environment's replications, one in each Region, where it has any."""
    if not replications(environment.sources):
        return []
    names = [replace(scope.names, secondary_region="")]
    names += [replace(scope.names, secondary_region=environment.secondary.region)] if environment.secondary else []
    roles = [f"arn:aws:iam::{environment.account}:role/{each.replication_operator}" for each in names]
    return [grant("sts", "AssumeRole", *roles)]


def _source(deployment: DeploymentAccount) -> list[Grant]:
    repository = deployment.repository
    if isinstance(repository, ConnectedRepository):
        return [_reading(service, repository.connection_arn) for service in _CONNECTION_SERVICES]
    return [
        grant(
            "codecommit",
            "CancelUploadArchive GetBranch GetCommit GetRepository GetUploadArchiveStatus UploadArchive",
            _anywhere("codecommit", deployment, repository.name),
        )
    ]


def _reading(service: str, connection: str) -> Grant:
    """The connection without the right to write: a push would start the pipelines of other environments' branches.

    CodePipeline does not always say what it asks of the provider, so the key may be missing.
    """
    keys = {f"{prefix}:ProviderAction": list(_WRITING) for prefix in _CONNECTION_SERVICES}
    return grant(service, "UseConnection", connection, condition={"StringNotLikeIfExists": keys})


def _policy(scope: Scope) -> str:
    return f"policy/{scope.names.pipeline_boundary}"


def _anywhere(service: str, deployment: DeploymentAccount, resource: str) -> str:
    return f"arn:aws:{service}:*:{deployment.account}:{resource}"
