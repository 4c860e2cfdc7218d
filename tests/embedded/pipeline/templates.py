"""A pipeline small enough for a test, with all the links of a real one: two accounts, five roles, a key, a bucket."""

import json
from typing import Any

Document = dict[str, Any]
CONNECTION = "arn:aws:codeconnections:us-east-1:{account}:connection/00000000-0000-0000-0000-000000000000"
BUILD_SPEC = {
    "version": "0.2",
    "env": {"exported-variables": ["MESSAGE"]},
    "phases": {"build": {"commands": ["cp source.json template.json", "export MESSAGE='built '$COMMIT"]}},
    "artifacts": {"files": ["template.json"]},
}
TOPIC = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "deployed"}}}}


def allowing(*statements: tuple[Any, Any]) -> Document:
    allowed = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    return {"Version": "2012-10-17", "Statement": allowed}


def trusting(**principal: str) -> Document:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def deploy_role(target: str) -> str:
    return f"arn:aws:iam::{target}:role/deploy"


def execution_role(target: str) -> str:
    return f"arn:aws:iam::{target}:role/cfn-exec"


def target_template(account: str, bucket: str, key: str, target: str) -> Document:
    """What a bootstrap makes of a target account, as far as a pipeline needs it."""
    deploy = allowing(
        ("cloudformation:*", "*"),
        (["s3:GetObject*", "s3:GetBucket*", "s3:List*"], [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]),
        (["kms:Decrypt", "kms:DescribeKey"], key),
        ("iam:PassRole", execution_role(target)),
    )
    return {
        "Resources": {
            "Deploy": role("deploy", trusting(AWS=f"arn:aws:iam::{account}:root"), deploy),
            "Execute": role(
                "cfn-exec",
                trusting(Service="cloudformation.amazonaws.com"),
                allowing((["sns:*", "iam:GetRole", "iam:PassRole", "lambda:InvokeFunction"], "*")),
            ),
        }
    }


def role(name: str, trust: Document, policy: Document) -> Document:
    policies = [{"PolicyName": "allowed", "PolicyDocument": policy}]
    properties = {"RoleName": name, "AssumeRolePolicyDocument": trust, "Policies": policies}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def artifacts_template(account: str, target: str, bucket: str) -> Document:
    """The key, the bucket and the roles of the deployment account."""
    objects = {"Fn::Sub": f"arn:aws:s3:::{bucket}/*"}
    use = (["s3:*"], [f"arn:aws:s3:::{bucket}", objects]), ("kms:*", {"Fn::GetAtt": ["Key", "Arn"]})
    key_policy = {
        "Version": "2012-10-17",
        "Statement": [
            _statement("kms:*", f"arn:aws:iam::{account}:root", "*"),
            _statement(["kms:Decrypt", "kms:DescribeKey"], deploy_role(target), "*"),
        ],
    }
    bucket_policy = {
        "Version": "2012-10-17",
        "Statement": [_statement(["s3:GetObject*", "s3:List*"], deploy_role(target), [objects])],
    }
    pipeline = allowing(
        *use,
        ("sts:AssumeRole", deploy_role(target)),
        (["codebuild:StartBuild", "codebuild:BatchGetBuilds"], "*"),
        ("codeconnections:UseConnection", CONNECTION.format(account=account)),
    )
    return {
        "Resources": {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": key_policy}},
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}},
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": bucket_policy},
            },
            "Pipeline": role("pipeline", trusting(Service="codepipeline.amazonaws.com"), pipeline),
            "Build": role(
                "build", trusting(Service="codebuild.amazonaws.com"), allowing(*use, (["logs:*", "sts:*"], "*"))
            ),
            "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/builds"}},
        },
        "Outputs": {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
    }


def pipeline_template(
    account: str, target: str, bucket: str, key: str, *, stages: list[Document], **pipeline: Any
) -> Document:
    """The pipeline and its build project."""
    store = {"Type": "S3", "Location": bucket, "EncryptionKey": {"Id": key, "Type": "KMS"}}
    build_spec = pipeline.pop("build_spec", BUILD_SPEC)
    return {
        "Resources": {
            "Project": {
                "Type": "AWS::CodeBuild::Project",
                "Properties": {
                    "Name": f"build-{account}",
                    "ServiceRole": f"arn:aws:iam::{account}:role/build",
                    "Source": {"Type": "CODEPIPELINE", "BuildSpec": json.dumps(build_spec)},
                    "Artifacts": {"Type": "CODEPIPELINE"},
                    "Environment": {
                        "Type": "LINUX_CONTAINER",
                        "Image": "aws/codebuild/standard:7.0",
                        "ComputeType": "BUILD_GENERAL1_SMALL",
                    },
                    "LogsConfig": {"CloudWatchLogs": {"GroupName": "/builds", "Status": "ENABLED"}},
                },
            },
            "Pipeline": {
                "Type": "AWS::CodePipeline::Pipeline",
                "Properties": {
                    "Name": "small",
                    "RoleArn": f"arn:aws:iam::{account}:role/pipeline",
                    "ArtifactStore": store,
                    "Stages": stages,
                    "PipelineType": "V2",
                    "ExecutionMode": "QUEUED",
                    **pipeline,
                },
            },
        }
    }


def stage(name: str, *actions: Document) -> Document:
    return {"Name": name, "Actions": list(actions)}


def source(account: str, repository: str) -> Document:
    configuration = {
        "ConnectionArn": CONNECTION.format(account=account),
        "FullRepositoryId": repository,
        "BranchName": "main",
    }
    return _action(
        "Source", "Source/CodeStarSourceConnection", configuration, outputs=["Code"], Namespace="Source@repository"
    )


def build(account: str, *, name: str = "Build") -> Document:
    variables = [{"name": "COMMIT", "type": "PLAINTEXT", "value": "#{Source@repository.CommitId}"}]
    configuration = {"ProjectName": f"build-{account}", "EnvironmentVariables": json.dumps(variables)}
    return _action(name, "Build/CodeBuild", configuration, inputs=["Code"], outputs=["Built"], Namespace="Build")


def test_build(account: str, tests: str) -> Document:
    """A build that runs a program in place of tests and hands nothing on."""
    values = {"KIND": "test", "TESTS": tests}
    variables = [{"name": name, "type": "PLAINTEXT", "value": value} for name, value in values.items()]
    configuration = {"ProjectName": f"build-{account}", "EnvironmentVariables": json.dumps(variables)}
    return _action("Test", "Build/CodeBuild", configuration, inputs=["Code"])


def approval() -> Document:
    return _action("Approve", "Approval/Manual", {"CustomData": "#{Build.MESSAGE}"})


def deployment(target: str) -> list[Document]:
    named = {"StackName": "deployed", "ChangeSetName": "PipelineChange"}
    prepare = {
        **named,
        "ActionMode": "CHANGE_SET_REPLACE",
        "TemplatePath": "Built::template.json",
        "Capabilities": "CAPABILITY_NAMED_IAM",
        "RoleArn": execution_role(target),
    }
    execute = {**named, "ActionMode": "CHANGE_SET_EXECUTE"}
    kind, role_arn = "Deploy/CloudFormation", deploy_role(target)
    return [
        _action("Prepare", kind, prepare, inputs=["Built"], RoleArn=role_arn),
        _action("Deploy", kind, execute, RoleArn=role_arn, RunOrder=2),
    ]


def _action(
    name: str,
    kind: str,
    configuration: Document,
    *,
    inputs: list[str] | None = None,
    outputs: list[str] | None = None,
    **values: Any,
) -> Document:
    category, provider = kind.split("/")
    return {
        "Name": name,
        "ActionTypeId": {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"},
        "Configuration": configuration,
        "InputArtifacts": [{"Name": each} for each in inputs or ()],
        "OutputArtifacts": [{"Name": each} for each in outputs or ()],
        "RunOrder": 1,
        **values,
    }


def _statement(actions: Any, principal: str, resource: Any) -> Document:
    return {"Effect": "Allow", "Action": actions, "Principal": {"AWS": principal}, "Resource": resource}
