"""The two Regions of an environment as an operator reaches them: a Region that is lost is told within seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from deployment_account.names import Names
from deployment_account.secondary import regions_json
from lake.errors import ServiceUnavailableError
from lake.ledger.connection import trouble_of_aws
from lake.ledger.regions import DynamoDbRegions, Epoch, RegionSettings
from odp_cli.errors import CommandError
from odp_cli.operate.ledger import TABLES, OperatedLedger, OperatedTables

if TYPE_CHECKING:
    from deployment_account.environments import Environment, Platform

T = TypeVar("T")

AT_ONCE = 16
"""Requests at the same time, in each Region."""
_SOON = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=AT_ONCE,
)
_NOT_DEPLOYED = {"ResourceNotFoundException", "ParameterNotFound"}


class UnreachableError(Exception):
    """A Region did not answer."""

    def __init__(self, region: str, why: object) -> None:
        self.region = region
        super().__init__(f"{region} is not reachable: {why}")


@contextmanager
def within_reach(region: str) -> Iterator[None]:
    """Tell a Region that does not answer from one that refuses.

    Raises:
        UnreachableError: there is no connection, or the service fails.
    """
    try:
        with trouble_of_aws():
            yield
    except ServiceUnavailableError as error:
        raise UnreachableError(region, error) from error


def session_of(environment: Environment, profile: str | None) -> boto3.Session:
    """Open a session in one Region; nothing is asked yet."""
    return boto3.Session(profile_name=profile, region_name=environment.region)


class LakeRegion:
    """The lake of an environment in one Region; its clients may be used by several threads."""

    def __init__(self, platform: Platform, environment: Environment, profile: str | None) -> None:
        self.environment = environment
        self.names = Names.of(platform, environment)
        self._session = session_of(environment, profile)
        self._clients: dict[str, Any] = {}
        self._published: dict[str, str] = {}
        self._alone = Lock()

    @property
    def region(self) -> str:
        """The Region."""
        return self.environment.region

    @property
    def title(self) -> str:
        """The Region and what it is by the configuration."""
        return f"{self.region} ({'secondary' if self.environment.is_secondary else 'primary'})"

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes clients at run time
        """Return a client that gives up within seconds; sessions make them for one thread at a time."""
        with self._alone:
            if service not in self._clients:
                self._clients[service] = self._session.client(service, config=_SOON)  # type: ignore[call-overload]
            return self._clients[service]

    @cached_property
    def dynamodb(self) -> Any:  # noqa: ANN401  boto3 makes resources at run time
        """DynamoDB in this Region."""
        return self._session.resource("dynamodb", config=_SOON)

    @cached_property
    def ledger(self) -> OperatedLedger:
        """The lake's own DynamoDB tables in this Region."""
        tables = OperatedTables(*map(self.names.table, TABLES))
        return OperatedLedger(self.dynamodb, tables, history_days=self.environment.retention.history_days)

    @cached_property
    def settings(self) -> RegionSettings:
        """The two Regions, as deployed code is told about them."""
        settings = RegionSettings.from_json(regions_json(self.names, self.environment))
        assert settings, "an environment without a secondary has no second Region"  # noqa: S101
        return settings

    @property
    def epochs(self) -> DynamoDbRegions:
        """The epochs, read and begun in this Region's replica."""
        return DynamoDbRegions(self.dynamodb, self.settings, self.region)

    def newest_epoch(self) -> Epoch:
        """Return the epoch in force as this Region knows it; epoch 0 where nothing of a second Region is deployed yet.

        Raises:
            UnreachableError: the Region does not answer.
        """
        with within_reach(self.region):
            try:
                return self.epochs.newest()
            except ClientError as error:
                if error.response["Error"]["Code"] in _NOT_DEPLOYED:
                    return Epoch(0, self.settings.primary)
                raise

    def published(self, value: str) -> str:
        """Return a value that a stack published; empty if none did."""
        if value not in self._published:
            try:
                found = self.client("ssm").get_parameter(Name=self.names.parameter(value))
            except ClientError as error:
                if error.response["Error"]["Code"] in _NOT_DEPLOYED:
                    return ""
                raise
            self._published[value] = str(found["Parameter"]["Value"])
        return self._published[value]


@dataclass(frozen=True, slots=True)
class RegionPair:
    """Both Regions of an environment."""

    primary: LakeRegion
    secondary: LakeRegion

    @classmethod
    def of(cls, platform: Platform, environment: Environment, profile: str | None) -> RegionPair:
        """Open both Regions of an environment.

        Raises:
            CommandError: it has one Region only.
        """
        if environment.secondary is None:
            raise CommandError(
                f"{environment.name} has no secondary Region",
                mend=f"add secondary to environments.{environment.name} in config/environments.json, push it, and read "
                "docs/secondary-region.md",
            )
        primary, secondary = (LakeRegion(platform, each, profile) for each in environment.regions)
        return cls(primary, secondary)

    def __iter__(self) -> Iterator[LakeRegion]:
        """Both, the primary first."""
        return iter((self.primary, self.secondary))

    def named(self, region: str) -> LakeRegion:
        """Return one by its name.

        Raises:
            CommandError: the environment has no such Region.
        """
        for each in self:
            if each.region == region:
                return each
        raise CommandError(
            f"{self.primary.environment.name} has no Region {region}",
            mend=f"name {self.primary.region} or {self.secondary.region}",
        )

    def other(self, region: LakeRegion) -> LakeRegion:
        """Return the other one."""
        return self.secondary if region is self.primary else self.primary

    def each(self, ask: Callable[[LakeRegion], T]) -> list[T | UnreachableError]:
        """Ask both at the same time; one that does not answer keeps nobody from the other one's answer."""

        def answer(region: LakeRegion) -> T | UnreachableError:
            try:
                with within_reach(region.region):
                    return ask(region)
            except UnreachableError as error:
                return error

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(answer, self))

    def caller(self) -> str:
        """Return the ARN of the caller, from whichever Region says it.

        Raises:
            CommandError: the credentials are those of another account, or no Region answers.
        """
        said = self.each(lambda region: region.client("sts").get_caller_identity())
        answers = [each for each in said if not isinstance(each, UnreachableError)]
        if not answers:
            raise CommandError("; ".join(map(str, said)), mend="look at your network and at AWS's health page")
        account = self.primary.environment.account
        if answers[0]["Account"] != account:
            raise CommandError(
                f"the credentials are those of account {answers[0]['Account']}, but {self.primary.environment.name} is "
                f"account {account}",
                mend=f"sign in to account {account} and name the profile with --profile",
            )
        return str(answers[0]["Arn"])
