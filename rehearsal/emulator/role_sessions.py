"""An AWS service acts as a role only if the role trusts it, and then with the role's rights."""

import json
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.role_arns import account_and_name
from rehearsal.emulator.root_secret import derived_secret
from rehearsal.emulator.settings import EmulatorSettings

_LIFETIME_SECONDS = 12 * 3600
_one_client_at_a_time = threading.Lock()


@cache
def _clients() -> boto3.Session:
    return boto3.Session()


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
    account, name = account_and_name(role_arn)
    role = patches.ROLES.value.get_scoped(account, None, name)
    if role is None:
        raise RoleNotAssumableError(f"role {role_arn} does not exist")
    if not _trusts(role["AssumeRolePolicyDocument"], service, account):
        raise RoleNotAssumableError(f"{service} may not assume {role_arn}: its trust policy does not allow it")
    session = _session(role_arn, service, session_name)
    lifetime = {"Expiration": time.time() + _LIFETIME_SECONDS}
    _register(session, role_arn, f"{role['RoleId']}:{session_name}", lifetime)
    return session


def session_of_function(function_arn: str, *, role_arn: str, session_name: str) -> RoleSession:
    """Return a function's session of its role, which does not end: its process may live as long as the emulator."""
    session = _session(role_arn, function_arn, session_name)
    _register(session, role_arn, f"{role_arn.rsplit('/', 1)[-1]}:{session_name}", {})
    return session


def _register(session: RoleSession, role_arn: str, user_id: str, lifetime: dict[str, float]) -> None:
    """Let requests of a session be judged by the rights of its role."""
    account, _ = account_and_name(role_arn)
    patches.REGISTER_SESSION.value(
        session.access_key_id,
        {
            "Arn": session.arn,
            "UserId": user_id,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.session_token,
            **lifetime,
        },
    )


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
