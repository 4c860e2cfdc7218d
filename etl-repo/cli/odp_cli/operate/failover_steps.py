"""Carries out a failover step by step; each step looks at what is done already, so a command that died is run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lake.ledger.regions import Epoch
from odp_cli.inference.quantities import counted
from odp_cli.operate.failover_dms import DmsOfRegion
from odp_cli.operate.failover_plan import Failover, begun_by
from odp_cli.operate.moments import moments
from odp_cli.operate.region_state import RegionReader
from odp_cli.operate.regions import LakeRegion, UnreachableError, within_reach

STEADY_SECONDS = 30.0
"""How long nothing may be missing: the event of the last file, its registration and its mark take some seconds."""
REPLICA_SECONDS = 60.0
"""How long a replica of the epochs is waited for; DynamoDB needs about one second."""
_SHOWN = 3


class RefusedError(Exception):
    """The failover stopped before its epoch began, or somebody else began one."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person wants."""

    by: str
    reason: str
    accept_missing: int = 0
    wait_seconds: float = 900.0
    start_dms: bool = False


@dataclass(frozen=True, slots=True)
class FailoverSteps:
    """The steps of one failover."""

    failover: Failover
    readers: Mapping[str, RegionReader]
    wishes: Wishes
    tell: Callable[[str], None]

    @property
    def target(self) -> LakeRegion:
        """The Region that becomes active."""
        return self.readers[self.failover.target].region

    @property
    def old(self) -> LakeRegion:
        """The Region that stops being active."""
        return self.readers[self.failover.old].region

    def carry_out(self) -> Epoch:
        """Do what is left to do, and return the epoch of the target.

        Raises:
            RefusedError: files are missing, or somebody else began an epoch.
        """
        missing = 0
        if self.failover.is_planned:
            self._stop_replications()
        if self.failover.is_planned and not self.failover.is_begun:
            missing = self._wait_for_files()
        epoch = self.failover.report.epoch if self.failover.is_begun else self._begin(missing)
        self._verify(epoch)
        if not self.failover.is_planned and self.failover.old_state:
            DmsOfRegion(self.old, self.tell).try_to_stop()
        self._wait_for_the_other_replica(epoch)
        if self.wishes.start_dms:
            with within_reach(self.target.region):
                DmsOfRegion(self.target, self.tell).start()
        return epoch

    def _stop_replications(self) -> None:
        with within_reach(self.old.region):
            moving = DmsOfRegion(self.old, self.tell).stop_and_wait(self.wishes.wait_seconds)
        if moving:
            name = self.old.region
            raise RefusedError(
                f"DMS does not come to rest in {name}: {', '.join(moving)}; nothing was switched. Look at odp "
                f"replication status --region {name}, then run this again"
            )

    def _wait_for_files(self) -> int:
        """Wait until what landed in the old Region is in the target; return how many files are missing all the same.

        Raises:
            RefusedError: more are missing than the person accepts.
        """
        missing, told, whole_since, rests_since = 0, "", -1.0, -1.0
        is_steady = False
        for passed in moments(max(self.wishes.wait_seconds, STEADY_SECONDS)):
            missing, waits_for = self._missing()
            with within_reach(self.old.region):
                runs = self.readers[self.old.region].running_tables()
            waits_for += [f"runs on {', '.join(runs[:_SHOWN])} in {self.old.region}"] if runs else []
            told = self._tell_once("; ".join(waits_for), told)
            whole_since = _since(whole_since, passed, holds=missing <= self.wishes.accept_missing)
            rests_since = _since(rests_since, passed, holds=not runs)
            is_steady = 0 <= whole_since <= passed - STEADY_SECONDS
            if is_steady and 0 <= rests_since <= passed - STEADY_SECONDS:
                return missing
        if is_steady:
            self.tell(f"! goes on without waiting longer: runs in {self.old.region} end when they see the new epoch")
            return missing
        raise RefusedError(self._not_whole(missing, told))

    def _not_whole(self, missing: int, told: str) -> str:
        """Say that files are missing, or that one may still be on its way to be marked."""
        region, accepted = self.old.region, f", or with --accept-missing {missing}"
        is_short = missing <= self.wishes.accept_missing
        what = (
            f"files came to {self.target.region} only now"
            if is_short
            else f"{told} did not come to {self.target.region}"
        )
        return (
            f"{what}; nothing was switched, and DMS stays stopped in {region}. odp region status --env "
            f"{self.old.environment.name} --json has the keys. "
            f"Run this again with a longer --wait{'' if is_short else accepted}; or odp replication start "
            f"--env {self.old.environment.name} --region {region} to stay there"
        )

    def _missing(self) -> tuple[int, list[str]]:
        """Count the files that are not in the target: marked ones, and events that the old Region has not read yet."""
        with within_reach(self.target.region):
            missing = len(self.readers[self.target.region].landed.not_here().missing)
        with within_reach(self.old.region):
            events = self.readers[self.old.region].waiting_events()
        told = [f"{counted(missing, 'file')} of {self.old.region}"] if missing else []
        told += [f"{counted(events, 'event')} of landed files in {self.old.region}"] if events else []
        return missing + events, told

    def _tell_once(self, text: str, told: str) -> str:
        if text and text != told:
            self.tell(f"… waits for {text}")
        return text

    def _begin(self, missing: int) -> Epoch:
        state = self.failover.target_state
        epoch = Epoch(
            number=self.failover.next_epoch(),
            active=self.target.region,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            by=self.wishes.by,
            reason=self.wishes.reason,
            planned=self.failover.is_planned and not missing,
            last_seen=state.last_seen if state else "",
        )
        with within_reach(self.target.region):
            is_new = self.target.epochs.begin(epoch)
        if not is_new:
            newest = self.target.newest_epoch()
            raise RefusedError(f"somebody else was first: {begun_by(newest)}. Run this again to see what is left to do")
        self.tell(f"✓ epoch {epoch.number} began: {epoch.active} is active")
        return epoch

    def _verify(self, epoch: Epoch) -> None:
        """Read the epoch where it counts: the newest one in the target's own replica."""
        newest = epoch
        for _ in moments(REPLICA_SECONDS):
            newest = self.target.newest_epoch()
            if newest == epoch:
                self.tell(f"✓ {self.target.region} knows it")
                return
            if newest.number > epoch.number:
                break
        raise RefusedError(f"{self.target.region} has another newest epoch, not {epoch.number}: {begun_by(newest)}")

    def _wait_for_the_other_replica(self, epoch: Epoch) -> None:
        name = self.old.region
        if self.failover.old_state is None:
            self.tell(f"! {name} is not reachable: until it knows epoch {epoch.number} it takes itself for active")
            return
        try:
            for _ in moments(REPLICA_SECONDS):
                if self.old.newest_epoch().number >= epoch.number:
                    self.tell(f"✓ {name} knows it and is the standby")
                    return
        except UnreachableError as error:
            self.tell(f"! {error}")
        self.tell(
            f"! {name} does not know epoch {epoch.number} yet and takes itself for active; that harms no table of "
            f"{self.target.region}. Look at the replicas of {self.old.settings.table}, and run this again"
        )


def _since(before: float, passed: float, *, holds: bool) -> float:
    """Return since when something holds without a pause; negative if it does not."""
    if not holds:
        return -1.0
    return passed if before < 0 else before
