"""The replications of an environment in the Region that a command speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployment_account.environments import Platform, load_platform
from deployment_account.names import Names, published_replication, stopped_replication
from deployment_account.sources import replications
from lake.ledger.regions import Role
from odp_cli.errors import CommandError
from odp_cli.lake import chosen_environment, session_in
from odp_cli.operate.replications import Replication, replication_of
from odp_cli.operate.spoken_region import SpokenRegion, spoken_region
from odp_cli.operate.stop_of_pipeline import StopOfPipeline

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class KnownReplication:
    """A replication, and whether a pipeline has stopped it."""

    replication: Replication
    stop_of_pipeline: StopOfPipeline


@dataclass(frozen=True, slots=True)
class DmsInRegion:
    """The replications of an environment in one Region."""

    platform: Platform
    spoken: SpokenRegion
    profile: str | None

    @classmethod
    def of(cls, platform: Path, env: str, profile: str | None, region: str) -> DmsInRegion:
        """Open what a command is about; raises CommandError if DMS replicates nothing there."""
        known = load_platform(platform)
        environment = chosen_environment(known, env)
        if not replications(environment.sources):
            raise CommandError(
                f"DMS replicates no source of {env}", mend="add replication to a source in config/environments.json"
            )
        return cls(known, spoken_region(known, environment, profile, region), profile)

    @property
    def where(self) -> str:
        """The Region, if there are two."""
        return f" in {self.spoken.environment.region}" if self.spoken.role else ""

    def refuse_in_the_standby(self) -> None:
        """Refuse to let DMS write where the other Region's DMS writes, too: each change would come twice."""
        if self.spoken.role is Role.STANDBY:
            raise CommandError(
                f"{self.spoken.environment.region} is the standby, and DMS replicates in the active Region",
                mend="leave --region out; or odp failover first, if this Region is to be active",
            )

    def replications(self, source: str) -> dict[str, KnownReplication]:
        """The replication of each source, or of one."""
        environment = self.spoken.environment
        configured = list(replications(environment.sources))
        if source and source not in configured:
            raise CommandError(f"DMS replicates no source {source}", mend=f"name one of {', '.join(configured)}")
        session, names = session_in(environment, self.profile), Names.of(self.platform, environment)
        ssm, dms = session.client("ssm"), session.client("dms")
        found: dict[str, KnownReplication] = {}
        for name in [source] if source else configured:
            parameter = names.parameter(published_replication(name))
            replication = replication_of(dms, str(ssm.get_parameter(Name=parameter)["Parameter"]["Value"]))
            found[name] = KnownReplication(replication, StopOfPipeline(ssm, names.parameter(stopped_replication(name))))
        return found

    def only(self, source: str) -> tuple[str, KnownReplication]:
        """The one replication that is meant."""
        found = self.replications(source)
        if len(found) > 1:
            raise CommandError("several sources are replicated", mend=f"name one of {', '.join(found)} with --source")
        return next(iter(found.items()))
