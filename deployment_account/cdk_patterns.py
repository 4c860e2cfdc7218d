"""The patterns in policies that CDK Pipelines itself writes, each with the reason why it may stay.

A pattern that is not listed here stops synthesis: nobody has judged it yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from deployment_account.permissions import as_nag_writes

if TYPE_CHECKING:
    from constructs import IConstruct

REASONS: Mapping[str, str] = {
    r"Action::s3:Abort\*": "CDK's grant to write artifacts: uploads that were begun and given up.",
    r"Action::s3:DeleteObject\*": "CDK's grant to write artifacts: versions are deleted by an action of their own.",
    r"Action::s3:GetBucket\*": "CDK's grant to read artifacts: CodePipeline asks for the bucket's place and ACL.",
    r"Action::s3:GetObject\*": "CDK's grant to read artifacts: CodePipeline reads them by version.",
    r"Action::s3:List\*": "CDK's grant to read artifacts: the versions of the one artifact bucket.",
    r"Action::kms:GenerateDataKey\*": "CDK's grant on the key of these artifacts: with and without plaintext.",
    r"Action::kms:ReEncrypt\*": "CDK's grant on the key of this pipeline's artifacts, both from it and to it.",
    r"Resource::<ArtifactsBucket\w+\.Arn>/\*": "CodePipeline names the artifacts of each execution anew.",
    r"Resource::arn:aws:s3:::[\w-]+eplicationbucket[0-9a-f]+/\*": "CodePipeline names the artifacts of each"
    " execution anew, in every Region.",
    r"Resource::arn:aws:logs:\S+:log-group:/aws/codebuild/<\w+>:\*": "The log streams of one project, one per build.",
    r"Resource::arn:aws:logs:\S+:log-group:/aws/codebuild/\*": "CDK makes the role of asset builds before the project.",
    r"Resource::arn:aws:codebuild:\S+:report-group/<\w+>-\*": "The report groups of one project, named in its builds.",
    r"Resource::arn:aws:codebuild:\S+:report-group/\*": "CDK makes the role of asset builds before the project.",
    r"Resource::arn:\*:iam::\d{12}:role/\*": "Self-mutation: CDK picks bootstrap roles by a tag; the permissions"
    " boundary of the pipeline's roles leaves those of this environment's own bootstraps.",
}
EVERYTHING = "Resource::*"
REASONS_ON_EVERYTHING: Mapping[str, str] = {
    r"cloudformation:DescribeStacks|s3:ListBucket": "CDK lets self-mutation see stacks and buckets of this account;"
    " the permissions boundary leaves the stacks and this environment's own buckets.",
    r"kms:(Decrypt|DescribeKey|Encrypt|GenerateDataKey\*|ReEncrypt\*)": "The key of artifacts in another Region is made"
    " there, so CDK cannot name it here and lets the pipeline use every key that leaves that to IAM.",
}
"""By action, because a reason for one action does not justify another."""


def acknowledge_patterns_of_cdk(blueprint: IConstruct) -> None:
    """Record for cdk-nag the reason of every pattern in the policies below a built pipeline."""
    for policy in (child for child in blueprint.node.find_all() if isinstance(child, iam.Policy)):
        reasons: dict[str, set[str]] = {}
        for pattern, reason in _patterns(policy):
            reasons.setdefault(pattern, set()).add(reason)
        for pattern, found in sorted(reasons.items()):
            acknowledgment = cdk.Acknowledgment(id=f"AwsSolutions-IAM5[{pattern}]", reason=" ".join(sorted(found)))
            cdk.Validations.of(policy).acknowledge(acknowledgment)


def reason_of(pattern: str) -> str:
    """Why a pattern that CDK writes may stay."""
    return _known(pattern, REASONS, "a pattern")


def reason_on_everything(action: str) -> str:
    """Why CDK may allow an action on every resource."""
    return _known(action, REASONS_ON_EVERYTHING, "an action on every resource")


def _known(written: str, reasons: Mapping[str, str], what: str) -> str:
    found = [reason for known, reason in reasons.items() if re.fullmatch(known, written)]
    if not found:
        raise ValueError(f"{written}: CDK writes {what} that has no reason yet; judge it and list it in {__name__}")
    return found[0]


def _patterns(policy: iam.Policy) -> Iterator[tuple[str, str]]:
    """Each pattern in a policy, as it will be written, with its reason."""
    written = policy.node.default_child
    if not isinstance(written, iam.CfnPolicy):
        raise TypeError(f"{policy.node.path} writes no policy")
    document: dict[str, Any] = cdk.Stack.of(policy).resolve(written.policy_document)
    for statement in document["Statement"]:
        actions, resources = _texts(statement["Action"]), _texts(statement["Resource"])
        for pattern in (f"Action::{action}" for action in actions if "*" in action):
            yield pattern, reason_of(pattern)
        for pattern in (f"Resource::{resource}" for resource in resources if "*" in resource):
            if pattern == EVERYTHING:
                yield from ((pattern, reason_on_everything(action)) for action in actions)
            else:
                yield pattern, reason_of(pattern)


def _texts(value: Any) -> list[str]:  # noqa: ANN401  a resolved token is any CloudFormation expression
    return [as_nag_writes(item) for item in (value if isinstance(value, list) else [value])]
