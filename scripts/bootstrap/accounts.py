"""Sessions in accounts: the account of the credentials is checked before anything is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        """The place of an environment."""
        return cls(environment.account, environment.region)

    @classmethod
    def of_pipelines(cls, platform: Platform, environment: Environment) -> Place:
        """The place of an environment's pipelines."""
        deployment = platform.deployment_of(environment)
        return cls(deployment.account, deployment.region)

    @classmethod
    def all_of(cls, environment: Environment) -> list[Place]:
        """The places of an environment: that of its primary Region, then that of its secondary one."""
        return [cls.of(there) for there in environment.regions]

    def __str__(self) -> str:
        return f"aws://{self.account}/{self.region}"


@dataclass(frozen=True)
class Account:
    """A session in a place, with credentials of that account."""

    place: Place
    session: boto3.Session
    profile: str | None = None

    def at(self, place: Place) -> Account:
        """The same credentials in another Region of the account."""
        return Account(place, self.session, self.profile)

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes clients at run time
        """A client of a service in this place."""
        return self.session.client(service, region_name=self.place.region)  # type: ignore[call-overload]

    def call(self, service: str, operation: str, **parameters: object) -> Call:
        """A step that calls a service in this place."""
        return Call(self.client(service), operation, parameters, self.place.region, self.profile)

    def wait(self, service: str, waiter: str, **parameters: object) -> Wait:
        """A step that waits for a service in this place."""
        return Wait(self.client(service), waiter, parameters, self.place.region, self.profile)


@dataclass(frozen=True)
class Credentials:
    """Sessions that a person has, by their accounts."""

    sessions: Mapping[str, tuple[boto3.Session, str | None]]

    @classmethod
    def of(cls, profiles: Sequence[str | None]) -> Credentials:
        """The accounts of these profiles; None stands for the credentials that any AWS tool would use."""
        found: dict[str, tuple[boto3.Session, str | None]] = {}
        for profile in profiles:
            try:
                session = boto3.Session(profile_name=profile)
                found[str(_account_of(session))] = (session, profile)
            except (BotoCoreError, ClientError) as error:
                raise BootstrapError(
                    f"there are no working credentials{f' in profile {profile}' if profile else ''}: {error}",
                    mend="sign in (`aws sso login`, `aws configure`) and name the profile with --profile",
                ) from error
        return cls(found)

    def account(self, place: Place) -> Account | None:
        """The session in the account of a place, if there is one."""
        found = self.sessions.get(place.account)
        return Account(place, *found) if found else None


def open_account(place: Place, profile: str | None, *, needed_for: str) -> Account:
    """A session in the account of a place; credentials of any other account are refused."""
    try:
        session = boto3.Session(profile_name=profile, region_name=place.region)
        found = _account_of(session)
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


def _account_of(session: boto3.Session) -> str:
    region = session.region_name or "us-east-1"
    return str(session.client("sts", region_name=region).get_caller_identity()["Account"])


def chosen_environment(platform: Platform, name: str) -> Environment:
    """Return the environment that a person named."""
    if name not in platform.environments:
        raise BootstrapError(
            f"there is no environment {name}; there are {', '.join(platform.environments)}",
            mend=f"choose one of those, or add it: python -m scripts.bootstrap configure {name}",
        )
    return platform.environments[name]
