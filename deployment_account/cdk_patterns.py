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
    r"Resource::arn:aws:s3:::[\w-]+/\*": "CodePipeline names the artifacts of each execution anew, in every Region.",
    r"Resource::arn:aws:logs:\S+:log-group:/aws/codebuild/<\w+>:\*": "The log streams of one project, one per build.",
    r"Resource::arn:aws:logs:\S+:log-group:/aws/codebuild/\*": "CDK makes the role of asset builds before the project.",
    r"Resource::arn:aws:codebuild:\S+:report-group/<\w+>-\*": "The report groups of one project, named in its builds.",
    r"Resource::arn:aws:codebuild:\S+:report-group/\*": "CDK makes the role of asset builds before the project.",
    r"Resource::arn:\*:iam::\d{12}:role/\*": "Self-mutation: the bootstrap roles of this account, which a tag condition"
    " picks, whatever the qualifier.",
    r"Resource::\*": "CDK lets self-mutation see stacks and buckets, and asset builds start builds, in this account.",
}


def acknowledge_patterns_of_cdk(blueprint: IConstruct) -> None:
    """Record for cdk-nag the reason of every pattern in the policies below a built pipeline."""
    for policy in (child for child in blueprint.node.find_all() if isinstance(child, iam.Policy)):
        for pattern in sorted(set(_patterns(policy))):
            acknowledgment = cdk.Acknowledgment(id=f"AwsSolutions-IAM5[{pattern}]", reason=reason_of(pattern))
            cdk.Validations.of(policy).acknowledge(acknowledgment)


def reason_of(pattern: str) -> str:
    """Why a pattern that CDK writes may stay."""
    reasons = [reason for known, reason in REASONS.items() if re.fullmatch(known, pattern)]
    if not reasons:
        raise ValueError(f"{pattern}: CDK writes a pattern that has no reason yet; judge it and list it in REASONS")
    return reasons[0]


def _patterns(policy: iam.Policy) -> Iterator[str]:
    document: dict[str, Any] = cdk.Stack.of(policy).resolve(policy.document.to_json())
    for statement in document["Statement"]:
        for kind in ("Action", "Resource"):
            value = statement[kind]
            for item in value if isinstance(value, list) else [value]:
                written = as_nag_writes(item)
                if "*" in written:
                    yield f"{kind}::{written}"
