"""Values of secrets: asked for or piped in, never an argument, never shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deployment_account.names import Names
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.stacks import stacks_of
from scripts.bootstrap.steps import Call


@dataclass(frozen=True)
class Secret:
    """A secret that the infra stage has made."""

    name: str
    arn: str
    purpose: str


def deployed_secrets(account: Account, names: Names) -> list[Secret]:
    """The secrets of an environment, as its stacks made them."""
    found = list(_secrets(account, names))
    if not found:
        raise BootstrapError(
            f"environment {names.environment} has no secrets in account {account.place.account}",
            mend="deploy its infra stage first, with secrets in the configuration",
        )
    return sorted(found, key=lambda secret: secret.name)


def chosen_secret(secrets: list[Secret], name: str) -> Secret:
    """The one secret of that name; the part after the last slash is enough."""
    matching = [secret for secret in secrets if name in (secret.name, secret.name.rsplit("/", 1)[-1])]
    if len(matching) != 1:
        known = ", ".join(secret.name for secret in secrets)
        raise BootstrapError(f"there is no secret {name}", mend=f"choose one of: {known}")
    return matching[0]


def set_value(account: Account, secret: Secret, value: str) -> Call:
    """The call that sets a value, which is hidden wherever the call is shown."""
    if not value:
        raise BootstrapError(f"the value of {secret.name} is empty", mend="pipe or type a value")
    call = account.call("secretsmanager", "put_secret_value", SecretId=secret.arn, SecretString=value)
    return replace(call, hidden=frozenset({"SecretString"}))


def _secrets(account: Account, names: Names) -> Iterator[Secret]:
    client = account.client("secretsmanager")
    for stack in stacks_of(account, f"{names.stage('infra')}-"):
        for arn in stack.resources("AWS::SecretsManager::Secret"):
            described = client.describe_secret(SecretId=arn)
            yield Secret(described["Name"], described["ARN"], described.get("Description", ""))
