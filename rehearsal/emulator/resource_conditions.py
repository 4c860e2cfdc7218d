"""Conditions on who asks and on what: the caller's role, whose the resource is, and how it is tagged."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.role_arns import account_and_name

Resolve = Callable[[str, Any], Any]
_RESOURCE_TAG = "iam:resourcetag/"
_BUCKET = "arn:aws:s3:::"


def install() -> None:
    """Answer the keys on which the roles of `cdk bootstrap` and of pipelines depend."""
    patches.CONDITION_KEY.replace(_of_the_resource)


def _of_the_resource(resolve: Resolve) -> Resolve:
    def resolve_condition_key(key: str, context: Any) -> Any:  # noqa: ANN401 - ministack has no types
        name = key.lower()
        if name == "aws:principalarn":
            return _role_of(resolve(key, context))
        if name.startswith(_RESOURCE_TAG) and ":role/" in context.resource_arn:
            return _role_tag(context.resource_arn, name.removeprefix(_RESOURCE_TAG))
        if name in ("aws:resourceaccount", "s3:resourceaccount") and context.resource_arn.startswith(_BUCKET):
            owner = patches.BUCKET_OWNER.value(context.resource_arn.removeprefix(_BUCKET).split("/")[0])
            return owner or resolve(key, context)
        return resolve(key, context)

    return resolve_condition_key


def _role_of(principal_arn: str) -> str:
    """Of a role's session IAM compares the role, whose path is no part of the session's ARN."""
    if ":assumed-role/" not in principal_arn:
        return principal_arn
    account, name = account_and_name(principal_arn)
    role = patches.ROLES.value.get_scoped(account, None, name) or {}
    return str(role.get("Arn") or f"arn:aws:iam::{account}:role/{name}")


def _role_tag(role_arn: str, tag: str) -> str | None:
    account, name = account_and_name(role_arn)
    role = patches.ROLES.value.get_scoped(account, None, name) or {}
    tags = {each["Key"].lower(): each["Value"] for each in role.get("Tags", [])}
    return tags.get(tag)
