"""What must hold before a Region becomes active, decided from what both Regions say; uses no service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lake.ledger.regions import StandbyMode
from odp_cli.inference.quantities import counted
from odp_cli.operate.region_report import missing_text
from odp_cli.operate.regions import UnreachableError

if TYPE_CHECKING:
    from odp_cli.operate.failover_plan import Failover
    from odp_cli.operate.region_state import RegionState

_SHOWN = 5
_RIGHTS = "look at the rights of your role in docs/operations.md, and at AWS's health page"


class Level(StrEnum):
    """What a check found: all is well, a person should know, or it must not go on."""

    GOOD = "✓"
    DOUBT = "!"
    BAD = "✗"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding, and what to do about it."""

    level: Level
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.level.value} {self.what}" + (f"\n    {self.mend}" if self.mend else "")

    def as_json(self) -> dict[str, str]:
        """The same for programs."""
        return {"level": self.level.name.lower(), "what": self.what, "mend": self.mend}


def checks_of(failover: Failover) -> list[Check]:
    """Check everything; of a failover that is begun only what is left to do."""
    found = [*_about_target(failover), *_about_old(failover)]
    target = failover.target_state
    if target and not failover.is_begun:
        found += [
            *_about_versions(failover, target),
            *_about_files(failover, target),
            *_about_held(failover, target),
            *_about_links(failover),
        ]
    return [*found, *_about_dms(failover)]


def _unless_lenient(failover: Failover) -> Level:
    """How bad it is if the old Region does not do its part: it need not if it is lost, or no longer active."""
    return Level.DOUBT if failover.without_active or failover.is_begun else Level.BAD


def _about_target(failover: Failover) -> Iterator[Check]:
    answer = failover.report.answers[failover.target]
    if isinstance(answer, UnreachableError):
        yield Check(Level.BAD, str(answer), "a Region that does not answer cannot become active")
        return
    yield Check(Level.GOOD, f"{failover.target} answers")
    needed = {"tables", "epochs"} if failover.without_active else {"tables", "epochs", "marks"}
    for what, problem in answer.problems.items():
        yield Check(Level.BAD if what in needed and not failover.is_begun else Level.DOUBT, problem, _RIGHTS)


def _about_old(failover: Failover) -> Iterator[Check]:
    answer, level = failover.report.answers[failover.old], _unless_lenient(failover)
    if isinstance(answer, UnreachableError):
        mend = f"only if {failover.old} is lost: add --without-primary. Otherwise run this again later"
        later = "it goes on without this Region; run this again when it is back, which stops its replications"
        yield Check(level, str(answer), mend if level is Level.BAD else later)
        return
    yield Check(Level.GOOD, f"{failover.old} answers")
    for problem in answer.problems.values():
        yield Check(level, problem, f"{_RIGHTS}; or add --without-primary" if level is Level.BAD else "")
    if failover.target_state:
        yield _about_epochs(failover, answer, failover.target_state)


def _about_epochs(failover: Failover, old: RegionState, target: RegionState) -> Check:
    if target.epoch.number >= old.epoch.number:
        return Check(Level.GOOD, f"{target.region} knows the newest epoch, {target.epoch.number}")
    return Check(
        _unless_lenient(failover),
        f"{target.region} knows epoch {target.epoch.number}, and {old.region} epoch {old.epoch.number}",
        f"{failover.report.settings.table} is being replicated: run this again in a minute",
    )


def _about_versions(failover: Failover, state: RegionState) -> Iterator[Check]:
    target, old = state.version, failover.old_state.version if failover.old_state else None
    if "tables" in state.problems:
        return
    if not target.number:
        yield Check(Level.BAD, f"{failover.target} runs no configuration", "let the etl pipeline deploy there")
    elif old is None or (failover.old_state and "tables" in failover.old_state.problems):
        since = f" since {target.since}" if target.since else ""
        yield Check(
            Level.DOUBT,
            f"{failover.target} runs {target.title}{since}; what {failover.old} ran is not known here",
            "compare the commit with the last execution of the etl pipeline",
        )
    elif target.is_same(old):
        yield Check(Level.GOOD, f"both Regions run the same: {target.title}")
    else:
        has_same_tables = target.configuration == old.configuration
        yield Check(
            Level.DOUBT if has_same_tables else _unless_lenient(failover),
            f"{failover.target} runs {target.title}, {failover.old} {old.title}: "
            f"{'the same tables' if has_same_tables else 'other tables or cadences'}",
            "let the pipelines deploy the same commit to both, and run this again",
        )


def _about_files(failover: Failover, state: RegionState) -> Iterator[Check]:
    missing = state.landed.missing
    if missing:
        by_table = Counter(mark.source_table_name for mark in missing).most_common(_SHOWN)
        named = ", ".join(f"{table} {number}" for table, number in by_table)
        keys = f"odp region status --env {failover.environment} --json has their keys"
        waits = f"the failover waits for them ({named}); {keys}"
        later = f"they are applied when they come; until then these tables lack them: {named}"
        told = missing_text(state.landed, failover.report.seconds_missing(state.landed))
        yield Check(Level.DOUBT, f"missing in {failover.target}: {told}", waits if failover.is_planned else later)
    elif "marks" not in state.problems:
        yield Check(Level.GOOD, f"every file that {failover.old} has marked is in {failover.target}")
    pending = sum(table.pending_files for table in state.tables)
    if failover.report.settings.mode is StandbyMode.COLD and pending:
        yield Check(Level.DOUBT, f"{failover.target} is cold: {counted(pending, 'file')} wait there to be applied")


def _about_held(failover: Failover, state: RegionState) -> Iterator[Check]:
    held = [table.source_table_name for table in state.tables if table.held_loads or table.held_files]
    if held:
        look = f"odp quarantine list --env {failover.environment} --region {failover.target}"
        mend = f"{look}, then decide; other tables go on meanwhile"
        more = f" and {len(held) - _SHOWN} more tables" if len(held) > _SHOWN else ""
        yield Check(Level.DOUBT, f"files are held in {failover.target}: {', '.join(held[:_SHOWN])}{more}", mend)


def _about_links(failover: Failover) -> Iterator[Check]:
    """Objects must come from the old Region, and go back to it later."""
    for region, state in failover.report.states.items():
        problems = {name: why for name, why in failover.report.bucket_problems(region).items() if why}
        if problems:
            level = Level.BAD if region == failover.old and failover.is_planned else Level.DOUBT
            told = ", ".join(f"{name}: {why}" for name, why in problems.items())
            mend = f"deploy the infrastructure stage of {region} again"
            yield Check(level, f"S3 does not replicate from {region}: {told}", mend)
        elif state.links:
            yield Check(Level.GOOD, f"S3 replicates from {region}")


def _about_dms(failover: Failover) -> Iterator[Check]:
    states = failover.report.states.values()
    for state in states:
        at_work = ", ".join(each.source for each in state.replications if each.state.is_at_work)
        if at_work and state.region == failover.old:
            yield Check(Level.DOUBT, f"DMS replicates {at_work} in {failover.old}: it is stopped there")
        elif at_work and not failover.is_begun:
            yield Check(Level.DOUBT, f"DMS replicates {at_work} in {failover.target} already")
    if not any(state.replications or "DMS" in state.problems for state in states):
        mend = f"stop what writes to the bucket of {failover.old}, and let it write to that of {failover.target}"
        yield Check(Level.DOUBT, "no source is replicated by the platform", mend)
