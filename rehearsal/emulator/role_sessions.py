"""An AWS service acts as a role only if the role trusts that service, and then with the role's own rights."""

import hashlib
import json
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from rehearsal.emulator import seams
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
    secret_access_key: str
    session_token: str

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
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    role = seams.ROLES.value.get_scoped(account, None, name)
    if role is None:
        raise RoleNotAssumableError(f"role {role_arn} does not exist")
    if not _trusts(role["AssumeRolePolicyDocument"], service):
        raise RoleNotAssumableError(f"{service} may not assume {role_arn}: its trust policy does not allow it")
    session = _session(role_arn, service, session_name)
    seams.REGISTER_SESSION.value(
        session.access_key_id,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
            "UserId": f"{role['RoleId']}:{session_name}",
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": time.time() + _LIFETIME_SECONDS,
        },
    )
    return session


def _trusts(policy: str | dict[str, Any], service: str) -> bool:
    document = json.loads(policy) if isinstance(policy, str) else policy
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    naming = [statement for statement in statements if seams.TRUSTED_SERVICE.value(statement.get("Principal"), service)]
    effects = {statement["Effect"] for statement in naming}
    return effects == {"Allow"}


def _session(role_arn: str, service: str, session_name: str) -> RoleSession:
    def derived(purpose: str) -> str:
        return hashlib.sha256(f"{purpose}:{role_arn}:{service}:{session_name}".encode()).hexdigest()

    return RoleSession(f"ASIA{derived('key')[:16].upper()}", derived("secret"), derived("token"))
