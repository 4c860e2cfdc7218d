"""Creates or updates customer-managed policies; unchanged ones are left alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from scripts.bootstrap.accounts import Account, Place
from scripts.bootstrap.execution_policy.policies import Policy
from scripts.bootstrap.steps import Step

MOST_VERSIONS = 5


def policy_arn(place: Place, policy: Policy) -> str:
    """The ARN of a policy, known before it is there."""
    return f"arn:aws:iam::{place.account}:policy/{policy.name}"


def policy_steps(account: Account, policies: Sequence[Policy]) -> list[Step]:
    """The calls that make an account's policies what they should be; none if they are."""
    return [step for policy in policies for step in _steps(account, policy)]


def current_document(iam: Any, arn: str) -> dict[str, Any] | None:  # noqa: ANN401  boto3 makes clients at run time
    """The document that is in force, or None without such a policy."""
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    except iam.exceptions.NoSuchEntityException:
        return None
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    parsed: dict[str, Any] = document if isinstance(document, dict) else json.loads(unquote(document))
    return parsed


def _steps(account: Account, policy: Policy) -> list[Step]:
    iam, arn = account.client("iam"), policy_arn(account.place, policy)
    document = current_document(iam, arn)
    if document is None:
        return [account.call("iam", "create_policy", PolicyName=policy.name, PolicyDocument=policy.text)]
    if document == policy.document:
        return []
    new_version = account.call(
        "iam", "create_policy_version", PolicyArn=arn, PolicyDocument=policy.text, SetAsDefault=True
    )
    return [*_room_for_one_more(account, arn), new_version]


def _room_for_one_more(account: Account, arn: str) -> list[Step]:
    """IAM keeps five versions and refuses a sixth; the oldest goes."""
    versions = account.client("iam").list_policy_versions(PolicyArn=arn)["Versions"]
    if len(versions) < MOST_VERSIONS:
        return []
    spare = [version for version in versions if not version["IsDefaultVersion"]]
    oldest = min(spare, key=lambda version: int(version["VersionId"][1:]))["VersionId"]
    return [account.call("iam", "delete_policy_version", PolicyArn=arn, VersionId=oldest)]
