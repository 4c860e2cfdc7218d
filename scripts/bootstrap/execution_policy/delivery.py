"""What the pipelines of the deployment account are made with."""

from __future__ import annotations

from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant
from scripts.bootstrap.execution_policy.storage import aliases


def pipelines(scope: Scope) -> list[Grant]:
    """Pipelines and their builds; a connection is only handed on, it is made by a person."""
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
            scope.arn("codebuild", "project/Blueprint*"),
            because="CloudFormation names projects after their construct, without the stack",
        ),
        *(
            grant(service, "PassConnection", scope.arn(service, "connection/*"), because="AWS makes up their ids")
            for service in ("codeconnections", "codestar-connections")
        ),
    ]


def replicas(scope: Scope) -> list[Grant]:
    """Keys of the buckets through which a pipeline hands artifacts to other Regions."""
    reason = "CDK names these aliases by the end of their construct's path, and keeps of the stack's name what fits"
    return [aliases(scope, "/*tencryptionalias*", because=reason)]
