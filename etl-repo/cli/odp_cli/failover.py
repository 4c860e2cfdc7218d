"""`odp failover` and `odp failback`: a person makes the other Region active."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from botocore.exceptions import ClientError
from rich.text import Text

from deployment_account.environments import load_platform
from lake.ledger.regions import Epoch, StandbyMode
from odp_cli.errors import CommandError
from odp_cli.inference.quantities import counted
from odp_cli.lake import chosen_environment
from odp_cli.operate.failover_checks import Check, Level, checks_of
from odp_cli.operate.failover_dms import DmsOfRegion
from odp_cli.operate.failover_plan import Failover, begun_by
from odp_cli.operate.failover_steps import FailoverSteps, RefusedError, Wishes
from odp_cli.operate.region_state import RegionReader
from odp_cli.operate.regions import RegionPair, UnreachableError, within_reach
from odp_cli.output import PLATFORM, REFUSED, DryRun, Json, Mode, PlatformFile, Profile, Yes, say, say_json
from odp_cli.region import reported

if TYPE_CHECKING:
    from pathlib import Path

Environment = Annotated[str, typer.Option("--env", help="The environment.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept with the epoch.")]
WithoutActive = Annotated[
    bool,
    typer.Option("--without-primary", "--without-active", help="The Region that is active is lost: go on without it."),
]
AcceptMissing = Annotated[
    int, typer.Option("--accept-missing", min=0, metavar="FILES", help="Go on if at most so many files are missing.")
]
Wait = Annotated[int, typer.Option("--wait", min=0, metavar="MINUTES", help="How long to wait for files and runs.")]
StartDms = Annotated[
    bool, typer.Option("--start-dms", help="Then have DMS load every table in the Region that became active.")
]


def failover(  # noqa: PLR0913, PLR0917 - the options of a command
    env: Environment,
    to: Annotated[str, typer.Option("--to", metavar="REGION", help="The Region that becomes active.")],
    reason: Why,
    without_active: WithoutActive = False,
    accept_missing: AcceptMissing = 0,
    wait: Wait = 15,
    start_dms: StartDms = False,
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make the other Region active; if interrupted, run it again."""
    wishes = Wishes("", reason, accept_missing, wait * 60.0, start_dms)
    _Switch(platform, env, profile, wishes, Mode(dry_run, yes, as_json)).to(to, without_active=without_active)


def failback(  # noqa: PLR0913, PLR0917 - the options of a command
    env: Environment,
    reason: Why,
    without_active: WithoutActive = False,
    accept_missing: AcceptMissing = 0,
    wait: Wait = 15,
    start_dms: StartDms = False,
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make the primary Region of the configuration active again; if interrupted, run it again."""
    wishes = Wishes("", reason, accept_missing, wait * 60.0, start_dms)
    _Switch(platform, env, profile, wishes, Mode(dry_run, yes, as_json)).to("", without_active=without_active)


@dataclass(frozen=True, slots=True)
class _Switch:
    """One command that makes a Region active."""

    platform: Path
    env: str
    profile: str | None
    wishes: Wishes
    mode: Mode

    def to(self, region: str, *, without_active: bool) -> None:
        """Check, ask, and carry it out."""
        known = load_platform(self.platform)
        pair = RegionPair.of(known, chosen_environment(known, self.env), self.profile)
        target = pair.named(region or pair.primary.region)
        readers = {each.region: RegionReader(each) for each in pair}
        by = pair.caller()
        failover = Failover(reported(pair, readers), target.region, without_active, self.env)
        checks = checks_of(failover)
        self._say_checks(failover, checks)
        if any(check.level is Level.BAD for check in checks):
            self._answer(failover, checks, refused="a check failed; nothing was changed")
        if self.mode.dry_run:
            self._answer(failover, checks)
            return
        self.mode.ask(f"{self.env}: {_question(failover, self.wishes)}?")
        told: list[str] = []
        wishes = Wishes(by, *(getattr(self.wishes, name) for name in Wishes.__slots__[1:]))
        steps = FailoverSteps(failover, readers, wishes, lambda text: self._tell(text, told))
        try:
            epoch = steps.carry_out()
        except RefusedError as refused:
            self._answer(failover, checks, told=told, refused=str(refused))
        except UnreachableError as error:
            mend = f"run this again, it goes on where it was; if {error.region} is lost, see docs/secondary-region.md"
            raise CommandError(str(error), mend=mend) from error
        else:
            following = list(_following(failover, DmsOfRegion(target, lambda _: None)))
            self._answer(failover, checks, epoch=epoch, told=told, following=following)

    def _say_checks(self, failover: Failover, checks: list[Check]) -> None:
        if self.mode.as_json:
            return
        say(Text("\n".join(map(str, checks))))
        if failover.is_begun:
            say(Text(f"… {failover.target} is active already: {begun_by(failover.report.epoch)}"))

    def _tell(self, text: str, told: list[str]) -> None:
        told.append(text)
        if not self.mode.as_json:
            say(Text(text))

    def _answer(
        self,
        failover: Failover,
        checks: list[Check],
        *,
        epoch: Epoch | None = None,
        told: list[str] | None = None,
        following: list[str] | None = None,
        refused: str = "",
    ) -> None:
        if self.mode.as_json:
            answer: dict[str, Any] = {
                "environment": self.env,
                "to": failover.target,
                "planned": failover.is_planned,
                "dry_run": self.mode.dry_run,
                "checks": [check.as_json() for check in checks],
                "steps": told or [],
                "epoch": asdict(epoch) if epoch else None,
                "next": following or [],
                "refused": refused,
            }
            say_json(answer)
        elif refused:
            say(Text(f"✗ {refused}"))
        elif self.mode.dry_run:
            say(Text(f"… would {_question(failover, self.wishes)}"))
        else:
            say(Text("\n".join(following or [])))
        if refused:
            raise typer.Exit(REFUSED)


def _question(failover: Failover, wishes: Wishes) -> str:
    starts = f", and have DMS load every table in {failover.target}" if wishes.start_dms else ""
    if failover.is_begun:
        return f"finish what follows on epoch {failover.report.epoch.number}{starts}"
    number = failover.next_epoch()
    if failover.is_planned:
        first = f"stop DMS in {failover.old}, wait for its files, then "
        return f"{first}make {failover.target} active (epoch {number}){starts}"
    return f"make {failover.target} active (epoch {number}) without {failover.old}{starts}"


def _following(failover: Failover, dms: DmsOfRegion) -> Iterator[str]:
    """Say what happens next by itself, and what is left to a person."""
    state, report = failover.target_state, failover.report
    pending = sum(table.pending_files for table in state.tables) if state else 0
    shown = f"odp status --env {failover.environment} shows them"
    yield f"Next: {failover.target} refreshes its tables at their next cadences; {shown}."
    if report.settings.mode is StandbyMode.COLD and pending:
        yield f"It was cold: {counted(pending, 'file')} wait, and tables are fresh when these are applied."
    try:
        with within_reach(failover.target):
            yield from [f"! DMS does not run for {way}" for way in dms.ways_to_start()]
    except (UnreachableError, ClientError) as error:  # the epoch has begun all the same
        yield f"! DMS of {failover.target} does not say whether it runs: {error}"
    if not failover.is_planned:
        yield f"! Loads that may lack parts are held: odp quarantine list --env {failover.environment} shows them."
        yield f"! When {failover.old} is back, run this command again: it stops DMS there."
