"""The names that templates give to resources, and the ARNs under which those are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from scripts.bootstrap.accounts import Place


class Named(NamedTuple):
    """An action that makes a resource, and the ARN that it is made under."""

    action: str
    arn: str


PHYSICAL_NAMES = {
    "AWS::Athena::NamedQuery": ("WorkGroup", "athena:CreateNamedQuery", "workgroup/{}"),
    "AWS::Athena::WorkGroup": ("Name", "athena:CreateWorkGroup", "workgroup/{}"),
    "AWS::CodeBuild::Project": ("Name", "codebuild:CreateProject", "project/{}"),
    "AWS::CodePipeline::Pipeline": ("Name", "codepipeline:CreatePipeline", "{}"),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:CreateTable", "table/{}"),
    "AWS::Glue::Job": ("Name", "glue:CreateJob", "job/{}"),
    "AWS::KMS::Alias": ("AliasName", "kms:CreateAlias", "{}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:CreateLogGroup", "log-group:{}"),
    "AWS::S3::Bucket": ("BucketName", "s3:CreateBucket", "{}"),
    "AWS::SSM::Parameter": ("Name", "ssm:PutParameter", "parameter{}"),
    "AWS::Scheduler::Schedule": ("Name", "scheduler:CreateSchedule", "schedule/default/{}"),
    "AWS::SecretsManager::Secret": ("Name", "secretsmanager:CreateSecret", "secret:{}"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "states:CreateStateMachine", "stateMachine:{}"),
}


def named_resources(place: Place, resources: list[tuple[str, dict[str, Any]]]) -> Iterator[Named]:
    """The resources, by type and properties, whose name the template gives; CloudFormation makes up the others."""
    for type_, properties in resources:
        if type_ in PHYSICAL_NAMES:
            key, action, pattern = PHYSICAL_NAMES[type_]
            if isinstance(name := properties.get(key), str):
                yield Named(action, _arn(place, action.split(":")[0], pattern.format(name)))


def _arn(place: Place, service: str, resource: str) -> str:
    where = ":" if service == "s3" else f"{place.region}:{place.account}"
    return f"arn:aws:{service}:{where}:{resource}"
