"""Roles as AWS services use them: who may assume one, and what its session may do."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.account_root import derived_secret
from rehearsal.emulator.settings import EmulatorSettings

_LIFETIME_SECONDS = 12 * 3600
REGION = "Region"
"""What a session says besides what ministack knows of one: the Region in which its service runs."""
_one_client_at_a_time = threading.Lock()


_clients = cache(boto3.Session)


def account_of(arn: str) -> str:
    """Return the account that an ARN names."""
    return arn.split(":")[4]


def account_and_name(arn: str) -> tuple[str, str]:
    """Return the account and name of a role, from its own ARN or a session's ARN (without a path)."""
    return account_of(arn), arn.split("/")[1] if ":assumed-role/" in arn else arn.rsplit("/", 1)[-1]


def is_role(principal_arn: str) -> bool:
    """Whether a caller is a role or a role's session."""
    return ":role/" in principal_arn or ":assumed-role/" in principal_arn


def role_of(arn: str) -> Any:  # noqa: ANN401 - ministack has no types
    """Return ministack's record of a role, by its ARN or a session's ARN; None if there is no such role."""
    account, name = account_and_name(arn)
    return patches.ROLES.value.get_scoped(account, None, name)


class RoleNotAssumableError(Exception):
    """The role does not exist or does not trust the service."""


@dataclass(frozen=True)
class RoleSession:
    """Temporary credentials of one role, as a service gets them."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    arn: str = ""

    def environment(self) -> dict[str, str]:
        """Return the credentials as any AWS tool reads them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }

    def client(self, service: str, settings: EmulatorSettings, region: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """Return a client that calls the emulator over the wire, so that the role's rights are checked."""
        with _one_client_at_a_time:  # their common session knows the services' models, but is not thread-safe
            return _clients().client(
                service,  # type: ignore[call-overload]
                endpoint_url=settings.endpoint,
                region_name=region,
                aws_access_key_id=self.access_key_id,
                aws_secret_access_key=self.secret_access_key,
                aws_session_token=self.session_token,
                config=Config(retries={"max_attempts": 0}, read_timeout=900),
            )


def assume(role_arn: str, *, service: str, session_name: str) -> RoleSession:
    """Return a session of `role_arn` for a service principal such as glue.amazonaws.com."""
    account, role = account_of(role_arn), role_of(role_arn)
    if role is None:
        raise RoleNotAssumableError(f"role {role_arn} does not exist")
    if not _trusts(role["AssumeRolePolicyDocument"], service, account):
        raise RoleNotAssumableError(f"{service} may not assume {role_arn}: its trust policy does not allow it")
    session = _session(role_arn, service, session_name)
    more = {"Expiration": time.time() + _LIFETIME_SECONDS, REGION: patches.REQUEST_REGION.value()}
    _register(session, role_arn, f"{role['RoleId']}:{session_name}", more)
    return session


def session_of_function(function_arn: str, *, role_arn: str, session_name: str) -> RoleSession:
    """Return a function's session of its role, which does not end: its process may live as long as the emulator."""
    session = _session(role_arn, function_arn, session_name)
    more = {REGION: function_arn.split(":")[3]}
    _register(session, role_arn, f"{role_arn.rsplit('/', 1)[-1]}:{session_name}", more)
    return session


def _register(session: RoleSession, role_arn: str, user_id: str, more: Mapping[str, Any]) -> None:
    """Let requests of a session be judged by the rights of its role."""
    known = {
        "Arn": session.arn,
        "UserId": user_id,
        "AccountId": account_of(role_arn),
        "PrincipalType": "AssumedRole",
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
    }
    patches.REGISTER_SESSION.value(session.access_key_id, known | dict(more))


def _trusts(policy: str | dict[str, Any], service: str, account: str) -> bool:
    """Services act for resources of the role's own account: a role is passed to no other."""
    document = json.loads(policy) if isinstance(policy, str) else policy
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    naming = [
        statement for statement in statements if patches.TRUSTED_SERVICE.value(statement.get("Principal"), service)
    ]
    effects = {statement["Effect"] for statement in naming if _is_for(statement, account)}
    return effects == {"Allow"}


def _is_for(statement: dict[str, Any], account: str) -> bool:
    wanted = statement.get("Condition", {}).get("StringEquals", {}).get("aws:SourceAccount", account)
    return account in (wanted if isinstance(wanted, list) else [wanted])


def _session(role_arn: str, service: str, session_name: str) -> RoleSession:
    named = (role_arn, service, session_name)
    key, secret, token = (derived_secret(purpose, *named) for purpose in ("key", "secret", "token"))
    account, role = account_and_name(role_arn)
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/{session_name}"
    return RoleSession(f"ASIA{key[:16].upper()}", secret, token, arn)


def is_granted(role_arn: str, action: str) -> bool:
    """Whether a role may do an action at all, which can be known before there is a resource.

    Some statement allows the action on something, and none denies it on everything.
    """
    account, name = account_and_name(role_arn)
    statements = [each for policy in patches.ROLE_POLICIES.value(name, account) for each in policy]
    is_about = patches.ACTION_MATCHES.value
    matching = [each for each in statements if is_about(action, each.actions, each.not_actions)]
    is_denied = any(each.effect == "Deny" and "*" in each.resources and not each.conditions for each in matching)
    return not is_denied and any(each.effect == "Allow" for each in matching)


def key_refusal(session: RoleSession, action: str, key_arn: str, *, encrypted: str = "") -> str | None:
    """Say why KMS would refuse a key through S3; None if it would not. `encrypted` is the ARN of the bucket or object.

    The key's policy and the caller's own are joined as AWS joins them. Ministack's S3 never asks, and knows no key of
    another account.
    """
    caller = patches.SESSIONS.value[session.access_key_id]
    account, owner, region = caller["AccountId"], account_of(key_arn), key_arn.split(":")[3]
    with patches.REQUEST_SCOPE.value(owner, region):
        policy, _owner = patches.KEY_POLICY.value(key_arn) or (None, None)
    if policy is None:
        return f"there is no key {key_arn}"
    context = patches.EVALUATION_CONTEXT.value(
        principal_arn=caller["Arn"],
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=key_arn,
        region=region,
        service_context={
            "kms:viaservice": f"s3.{region}.amazonaws.com",
            "kms:encryptioncontext:aws:s3:arn": encrypted,
        },
    )
    with patches.REQUEST_SCOPE.value(account, region):
        principal = patches.RESOLVE_PRINCIPAL.value(session.access_key_id, account)
        own, limits = patches.EVALUATE_IDENTITY.value(context, principal.policies, *principal.limits), principal.limits
        joined = patches.COMBINE_POLICIES.value(own, context, policy, owner, required=True, limits=limits)
        by_key = patches.EVALUATE_RESOURCE.value(policy, context).decision
    if joined.decision == "Allow":
        return None
    return (
        f"{context.principal_arn} may not {action} on {key_arn} "
        f"(key policy: {by_key}, its own policies: {own.decision})"
    )
