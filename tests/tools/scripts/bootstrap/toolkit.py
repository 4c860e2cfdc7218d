"""What CDK's bootstrap template is made of, in few lines; tests/embedded/bootstrap reads the template itself."""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]
OWN: Json = {"Ref": "AWS::AccountId"}
TRUSTED: Json = {"Ref": "TrustedAccounts"}
NO_EXTERNAL_ID: Json = {
    "Fn::If": ["ShouldDenyExternalId", {"Null": {"sts:ExternalId": "true"}}, {"Ref": "AWS::NoValue"}]
}


def statement(principal: Json, action: str = "sts:AssumeRole", **more: Any) -> Json:
    """A statement that lets an account in."""
    return {"Effect": "Allow", "Action": [action], "Principal": {"AWS": copy.deepcopy(principal)}, **more}


def if_trusted(inner: Json) -> Json:
    """A statement that is there if other accounts are trusted."""
    return {"Fn::If": ["HasTrustedAccounts", inner, {"Ref": "AWS::NoValue"}]}


def role(*trust: Json, policies: list[Json] | None = None) -> Json:
    """A role that lets these in."""
    properties: Json = {"AssumeRolePolicyDocument": {"Statement": list(trust)}}
    return {"Type": "AWS::IAM::Role", "Properties": properties | ({"Policies": policies} if policies else {})}


def entered(policies: list[Json] | None = None) -> Json:
    """A role as those that people and pipelines take."""
    return role(
        statement(OWN, Condition=copy.deepcopy(NO_EXTERNAL_ID)),
        statement(OWN, "sts:TagSession"),
        if_trusted(statement(TRUSTED, Condition=copy.deepcopy(NO_EXTERNAL_ID))),
        if_trusted(statement(TRUSTED, "sts:TagSession")),
        policies=policies,
    )


READS_EVERYTHING: Json = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess"}


def lookup() -> Json:
    """The role that reads, with CDK's one denial."""
    secrets = {"Effect": "Deny", "Action": ["kms:Decrypt"], "Resource": "*", "Sid": "DontReadSecrets"}
    denial = {"PolicyName": "LookupRolePolicy", "PolicyDocument": {"Statement": [secrets]}}
    made = entered([denial])
    made["Properties"]["ManagedPolicyArns"] = [READS_EVERYTHING]
    return made


DEPLOYS: Json = {"Effect": "Allow", "Action": ["cloudformation:CreateStack"], "Resource": "*"}
PASSES: Json = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": {"Fn::Sub": "${CloudFormationExecutionRole.Arn}"},
}
REFACTORS: Json = {
    "Effect": "Allow",
    "Action": ["cloudformation:CreateStackRefactor", "cloudformation:ExecuteStackRefactor"],
    "Resource": "*",
}


def bootstrap_template() -> Json:
    """The four roles that are entered, the one that CloudFormation takes, and a bucket."""
    service = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "cloudformation.amazonaws.com"}}
    policy = {"PolicyName": "default", "PolicyDocument": {"Statement": copy.deepcopy([DEPLOYS, PASSES, REFACTORS])}}
    return {
        "Parameters": {"BootstrapVariant": {"Type": "String", "Default": "AWS CDK: Default Resources"}},
        "Resources": {
            "StagingBucket": {"Type": "AWS::S3::Bucket"},
            "FilePublishingRole": entered(),
            "ImagePublishingRole": entered(),
            "LookupRole": lookup(),
            "DeploymentActionRole": entered([policy]),
            "CloudFormationExecutionRole": role(service),
        },
    }
