"""Sessions in accounts: nothing is done in an account before the credentials are known to be those of that account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deployment_account.environments import Environment, Platform
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.steps import Call, Wait


@dataclass(frozen=True)
class Place:
    """An account and a Region, which is what CDK bootstraps."""

    account: str
    region: str

    @classmethod
    def of(cls, environment: Environment) -> Place:
        """Where an environment lives."""
        return cls(environment.account, environment.region)

    def __str__(self) -> str:
        return f"aws://{self.account}/{self.region}"


@dataclass(frozen=True)
class Account:
    """A session whose credentials are those of the place it works in."""

    place: Place
    session: boto3.Session
    profile: str | None = None

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes clients at run time
        """A client of a service in this place."""
        return self.session.client(service, region_name=self.place.region)  # type: ignore[call-overload]

    def call(self, service: str, operation: str, **parameters: object) -> Call:
        """A step that calls a service in this place."""
        return Call(self.client(service), operation, parameters, self.place.region, self.profile)

    def wait(self, service: str, waiter: str, **parameters: object) -> Wait:
        """A step that waits for a service in this place."""
        return Wait(self.client(service), waiter, parameters, self.place.region, self.profile)


def open_account(place: Place, profile: str | None, *, needed_for: str) -> Account:
    """A session in the account of a place; credentials of any other account are refused."""
    try:
        session = boto3.Session(profile_name=profile, region_name=place.region)
        found = str(session.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise BootstrapError(
            f"there are no working credentials for account {place.account}, {needed_for}: {error}",
            mend="sign in (`aws sso login`, `aws configure`) and name the profile with --profile",
        ) from error
    if found != place.account:
        raise BootstrapError(
            f"the credentials are those of account {found}, but {needed_for} is account {place.account}",
            mend=f"name a profile of account {place.account} with --profile",
        )
    return Account(place, session, profile)


def chosen_environment(platform: Platform, name: str) -> Environment:
    """The environment that a person named."""
    if name not in platform.environments:
        raise BootstrapError(
            f"there is no environment {name}; there are {', '.join(platform.environments)}",
            mend=f"choose one of those, or add it: python -m scripts.bootstrap configure {name}",
        )
    return platform.environments[name]
