"""DMS during a failover: it may not replicate a source in two Regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from deployment_account.names import stopped_replication
from odp_cli.operate.moments import moments
from odp_cli.operate.region_report import way_to_start
from odp_cli.operate.region_state import DmsReplication, dms_replications
from odp_cli.operate.regions import LakeRegion, UnreachableError, within_reach
from odp_cli.operate.replications import Start
from odp_cli.operate.stop_of_pipeline import StopOfPipeline

_OTHER_STATE = "InvalidResourceStateFault"
"""DMS's word when somebody else stops or starts the replication at this moment."""


@dataclass(frozen=True, slots=True)
class DmsOfRegion:
    """The replications of one Region, and whom to tell what is done with them."""

    region: LakeRegion
    tell: Callable[[str], None]

    def stop_and_wait(self, seconds: float) -> list[str]:
        """Stop what is at work and wait until it rests; returns the sources that do not rest in time."""
        asked: set[str] = set()
        moving: list[str] = []
        for _ in moments(seconds):
            moving = [each.source for each in self._read() if self._stop(each, asked)]
            if not moving:
                break
        return moving

    def try_to_stop(self) -> None:
        """Stop what is at work in a Region that is given up, as far as it answers; wait for nothing."""
        try:
            with within_reach(self.region.region):
                for each in self._read():
                    self._stop(each, set())
        except (UnreachableError, ClientError) as error:
            self.tell(f"! DMS may still run in {self.region.region}: {error}; run this again when it answers")

    def _stop(self, each: DmsReplication, asked: set[str]) -> bool:
        """Ask a replication at work to stop, once; whether it is still at work or between two states.

        One that a pipeline has stopped for a deployment stays stopped: the next deployment would start it.
        """
        if each.replication is None:
            return False
        StopOfPipeline(
            self.region.client("ssm"), self.region.names.parameter(stopped_replication(each.source))
        ).forget()
        if each.state.is_at_work and each.source not in asked:
            asked.add(each.source)
            self.tell(f"… DMS stops {each.source} in {self.region.region}")
            _unless_somebody_else_did(each.replication.stop)
        return each.state.has_started and not each.state.is_at_rest

    def start(self) -> None:
        """Load every table: a replication that rested knows a position from before the other Region took over."""
        for each in self._read():
            if each.replication is None or each.state.is_at_work:
                continue
            how = Start.LOAD_ALL if each.state.has_started else Start.FIRST
            replication = each.replication
            _unless_somebody_else_did(lambda: replication.start(how))  # noqa: B023 - called at once
            self.tell(f"✓ DMS loads every table of {each.source} in {self.region.region}, then follows changes")

    def ways_to_start(self) -> Sequence[str]:
        """Say how a person starts what does not run."""
        return [
            f"{each.source}: {way_to_start(each, self.region.region)}"
            for each in self._read()
            if not each.state.is_at_work
        ]

    def _read(self) -> list[DmsReplication]:
        return dms_replications(self.region)


def _unless_somebody_else_did(call: Callable[[], None]) -> None:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != _OTHER_STATE:
            raise
