"""What the two Regions of an environment say together: who is active, what would be lost now, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from lake.ledger.regions import Epoch, RegionSettings
from odp_cli.inference.quantities import counted
from odp_cli.operate.ages import age, minute
from odp_cli.operate.landed_marks import Mark, NotHere
from odp_cli.operate.region_state import NOT_DEPLOYED, DmsReplication, RegionState
from odp_cli.operate.regions import UnreachableError


@dataclass(frozen=True, slots=True)
class RegionsReport:
    """Both Regions as they answered at one moment."""

    settings: RegionSettings
    primary: RegionState | UnreachableError
    secondary: RegionState | UnreachableError
    now: datetime

    @property
    def answers(self) -> dict[str, RegionState | UnreachableError]:
        """The answer of each Region."""
        return {self.settings.primary: self.primary, self.settings.secondary: self.secondary}

    @property
    def states(self) -> dict[str, RegionState]:
        """The Regions that answered."""
        return {region: each for region, each in self.answers.items() if isinstance(each, RegionState)}

    @property
    def epoch(self) -> Epoch:
        """The epoch in force: the highest that any Region knows."""
        return max((state.epoch for state in self.states.values()), key=lambda epoch: epoch.number)

    @property
    def standby(self) -> str:
        """The Region that is not active."""
        return self.other(self.epoch.active)

    def other(self, region: str) -> str:
        """Return the Region beside another one."""
        return self.settings.secondary if region == self.settings.primary else self.settings.primary

    def seconds_missing(self, landed: NotHere) -> int:
        """Return the age of the oldest file that is missing."""
        oldest = min((mark.landed_at for mark in landed.missing), default="")
        return max(0, int((self.now - datetime.fromisoformat(oldest)).total_seconds())) if oldest else 0

    def bucket_problems(self, region: str) -> dict[str, str]:
        """Say for each replicated bucket of a Region what is wrong with its replication; empty where nothing is."""
        partner = self.states.get(self.other(region))
        names = {each.published: each.bucket for each in partner.links} if partner else {}
        return {each.role: each.problem(names.get(each.published, "")) for each in self.states[region].links}

    def warnings(self) -> Iterator[str]:
        """Say what a person should mend, and how."""
        yield from (str(answer) for answer in self.answers.values() if isinstance(answer, UnreachableError))
        yield from (problem for state in self.states.values() for problem in state.problems.values())
        yield from self._disagreements()
        for region in self.states:
            for bucket, problem in self.bucket_problems(region).items():
                if problem:
                    mend = f"deploy the infrastructure stage of {region} again"
                    yield f"{region}: S3 does not replicate the bucket {bucket}: {problem}; {mend}"
        yield from self._about_dms()

    def _disagreements(self) -> Iterator[str]:
        if len(self.states) < len(self.answers):
            return
        one, other = self.states.values()
        if one.epoch != other.epoch:
            yield (
                f"{one.region} knows epoch {one.epoch.number} ({one.epoch.active}), {other.region} epoch "
                f"{other.epoch.number} ({other.epoch.active}): {self.settings.table} has not been replicated yet; "
                "if this lasts, look at its replicas in DynamoDB"
            )
        if not one.version.is_same(other.version):
            yield (
                f"the Regions run different versions: {one.region} {one.version.title}, {other.region} "
                f"{other.version.title}; let the pipelines of both components deploy to both"
            )

    def _about_dms(self) -> Iterator[str]:
        for state in self.states.values():
            is_active = state.region == self.epoch.active
            for each in state.replications:
                if each.state.is_at_work and not is_active:
                    yield (
                        f"DMS replicates {each.source} in the standby {state.region}: its files come twice; "
                        f"odp replication stop {_of(each, state.region)}"
                    )
                if is_active and not each.state.is_at_work:
                    yield (
                        f"DMS does not replicate {each.source} in the active Region {state.region} "
                        f"({each.state.status}); {way_to_start(each, state.region)}"
                    )

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "at": self.now.isoformat(timespec="seconds"),
            "active": self.epoch.active,
            "standby": self.standby,
            "mode": self.settings.mode.value,
            "epoch": asdict(self.epoch),
            "regions": {region: self._answer(region, answer) for region, answer in self.answers.items()},
            "warnings": list(self.warnings()),
        }

    def _answer(self, region: str, answer: RegionState | UnreachableError) -> dict[str, Any]:
        if isinstance(answer, UnreachableError):
            return {"reachable": False, "why": str(answer)}
        return {
            "reachable": True,
            "role": answer.epoch.role_of(region).value,
            "epoch": asdict(answer.epoch),
            "epochs": [asdict(each) for each in answer.epochs],
            "version": answer.version.as_json(),
            "tables": [asdict(each) for each in answer.tables],
            "missing": marks_json(answer.landed.missing),
            "missing_seconds": self.seconds_missing(answer.landed),
            "unregistered": marks_json(answer.landed.unregistered),
            "s3_replication": {
                bucket: problem or "enabled" for bucket, problem in self.bucket_problems(region).items()
            },
            "dms": {each.source: each.state.status for each in answer.replications},
            "waiting_events": answer.waiting_events,
            "problems": dict(answer.problems),
        }


def marks_json(marks: Sequence[Mark]) -> dict[str, Any]:
    """Write marks for programs."""
    return {
        "files": len(marks),
        "bytes": sum(mark.size for mark in marks),
        "oldest": min((mark.landed_at for mark in marks), default=None),
        "by_table": dict(Counter(mark.source_table_name for mark in marks)),
        "keys": [mark.as_json() for mark in marks],
    }


def missing_text(landed: NotHere, seconds: int) -> str:
    """Say how many files are missing, and since when."""
    if not landed.missing:
        return "no file"
    tables = len({mark.source_table_name for mark in landed.missing})
    oldest = min(mark.landed_at for mark in landed.missing)
    files = f"{counted(len(landed.missing), 'file')} of {counted(tables, 'table')}"
    return f"{files}, the oldest landed {minute(oldest)} UTC, {age(timedelta(seconds=seconds))} ago"


def way_to_start(replication: DmsReplication, region: str) -> str:
    """Say by which command DMS begins in a Region that became active.

    A replication that rested there knows an old position: what the other Region wrote since comes again, so all tables
    are loaded.
    """
    of = _of(replication, region)
    if replication.state == NOT_DEPLOYED:
        return f"deploy the infrastructure stage of {region}"
    if replication.state.has_started:
        return f"odp replication reload --all {of}, or odp replication start {of} if it rested for a short time only"
    return f"odp replication start {of}, which loads every table"


def _of(replication: DmsReplication, region: str) -> str:
    return f"--source {replication.source} --env {replication.environment} --region {region}"
