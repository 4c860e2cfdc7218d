"""Connects an operator to a running lake, with credentials of the lake's account only."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from odp.file_manager.registration import STAGING
from odp.file_manager.sources import Sources
from odp.file_manager.vanished_loads import VanishedLoads
from rich.text import Text

from deployment_account.environments import load_platform
from deployment_account.names import Names, Shared
from deployment_account.sources import sources_json
from lake.landing.s3_listing import S3Listing
from odp_cli.lake import chosen_environment, session_in
from odp_cli.operate.ledger import TABLES, OperatedLedger, OperatedTables
from odp_cli.operate.spoken_region import spoken_region
from odp_cli.output import say

if TYPE_CHECKING:
    from pathlib import Path


class OperatedLake:
    """One environment in one Region: its DynamoDB tables, its sources, and the caller."""

    def __init__(self, platform: Path, env: str, profile: str | None, region: str = "") -> None:
        known = load_platform(platform)
        self.spoken = spoken_region(known, chosen_environment(known, env), profile, region)
        self._environment = self.spoken.environment
        self._names = Names.of(known, self._environment)
        self._session = session_in(self._environment, profile)

    @property
    def name(self) -> str:
        """The name of the environment."""
        return self._environment.name

    @classmethod
    def opened(cls, platform: Path, env: str, profile: str | None, region: str, *, as_json: bool) -> OperatedLake:
        """Open a lake for a command; a person is told of which of two Regions the answer is."""
        lake = cls(platform, env, profile, region)
        if lake.spoken.role and not as_json:
            say(Text(lake.place))
        return lake

    @property
    def about(self) -> dict[str, Any]:
        """The environment for programs, with its Region if it has two."""
        return {"environment": self.name, **self.spoken.as_json()}

    @property
    def place(self) -> str:
        """The environment as people are told, with its Region if it has two."""
        return self.spoken.place

    @property
    def landed_file_days(self) -> int:
        """The days after which the staging bucket deletes a file."""
        return self._environment.retention.landed_file_days

    @cached_property
    def caller(self) -> str:
        """The ARN of the caller."""
        return str(self._session.client("sts").get_caller_identity()["Arn"])

    @cached_property
    def ledger(self) -> OperatedLedger:
        """The DynamoDB tables of the lake."""
        dynamodb: Any = self._session.resource("dynamodb")
        tables = OperatedTables(*map(self._names.table, TABLES))
        return OperatedLedger(dynamodb, tables, history_days=self._environment.retention.history_days)

    @property
    def vanished_loads(self) -> VanishedLoads:
        """Finds loads that are gone from the staging bucket."""
        parameter = self._names.parameter(Shared.STAGING_BUCKET)
        bucket = str(self._session.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"])
        s3: Any = self._session.client("s3")
        staged = S3Listing({STAGING: bucket}, s3)
        ledger = self.ledger
        days, expired_until = self.landed_file_days, ledger.expired_until()
        return VanishedLoads(ledger.tracker, staged, ledger.quarantine, days, ledger.now, expired_until)

    @property
    def sources(self) -> Sources:
        """The folder of each source."""
        return Sources.from_json(sources_json(self._environment.sources))
