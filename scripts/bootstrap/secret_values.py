"""Values of secrets: asked for or piped in, never an argument, never shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.steps import Call


@dataclass(frozen=True)
class Secret:
    """A secret that the infra stage has made."""

    name: str
    arn: str
    purpose: str


def deployed_secrets(account: Account, platform: Platform, environment: Environment) -> list[Secret]:
    """The secrets that the configuration names, as the infra stage made them in the environment's account."""
    names = Names.of(platform, environment)
    if not platform.secrets:
        raise BootstrapError("the configuration names no secrets", mend="add them under `secrets` and deploy them")
    return [_deployed(account, names.secret(name), purpose) for name, purpose in platform.secrets.items()]


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


def _deployed(account: Account, name: str, purpose: str) -> Secret:
    client = account.client("secretsmanager")
    try:
        return Secret(name, client.describe_secret(SecretId=name)["ARN"], purpose)
    except client.exceptions.ResourceNotFoundException as error:
        raise BootstrapError(
            f"secret {name} is not in account {account.place.account}", mend="deploy the infra stage first"
        ) from error
