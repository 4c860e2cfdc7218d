"""`odp region`: the two Regions of an environment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from deployment_account.environments import load_platform
from odp_cli.errors import CommandError
from odp_cli.inference.quantities import counted
from odp_cli.lake import chosen_environment
from odp_cli.operate.ages import minute
from odp_cli.operate.bucket_comparison import Lacking, lacking
from odp_cli.operate.region_report import RegionsReport, missing_text
from odp_cli.operate.region_state import RegionReader, RegionState
from odp_cli.operate.regions import LakeRegion, RegionPair, UnreachableError
from odp_cli.output import PLATFORM, Env, Json, PlatformFile, Profile, say, say_json
from odp_cli.rendering import Column, Listing

if TYPE_CHECKING:
    from odp_cli.operate.region_state import TableInRegion

region = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The primary and the secondary Region.")


@region.callback()
def _group() -> None:
    """Keep the name of the only command."""


@region.command()
def status(
    check: Annotated[
        bool, typer.Option("--check", help="Also compare both staging buckets, object by object; S3 bills a listing.")
    ] = False,
    env: Env = "dev",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    as_json: Json = False,
) -> None:
    """Show both Regions: who is active, what is not replicated yet, versions, S3 replication, DMS."""
    known = load_platform(platform)
    pair = RegionPair.of(known, chosen_environment(known, env), profile)
    pair.caller()
    report = reported(pair, {each.region: RegionReader(each) for each in pair})
    found = lacking(pair.named(report.epoch.active), pair.named(report.standby)) if check else None
    if as_json:
        compared = {"standby_lacks": found.as_json()} if found else {}
        say_json({"environment": env, **report.as_json(), **compared})
        return
    say(regions_table(report))
    say(tables_table(report))
    say(Text("\n".join([*lines(report), *([_told(report, found)] if found else [])])))


def _told(report: RegionsReport, found: Lacking) -> str:
    if not found.files:
        return f"✓ the bucket of {report.standby} has every object of that of {report.epoch.active}"
    objects = f"lacks {counted(found.files, 'object')} of that of {report.epoch.active}"
    mend = "wait, or replicate existing files as docs/deployment.md says"
    return f"! the bucket of {report.standby} {objects}, the oldest from {minute(found.oldest)} UTC: {mend}"


def reported(pair: RegionPair, readers: dict[str, RegionReader]) -> RegionsReport:
    """Read both Regions.

    Raises:
        CommandError: none answers.
    """

    def read(each: LakeRegion) -> RegionState:
        return readers[each.region].read()

    primary, secondary = pair.each(read)
    if isinstance(primary, UnreachableError) and isinstance(secondary, UnreachableError):
        raise CommandError(f"{primary}; {secondary}", mend="look at your network, and at AWS's health page")
    return RegionsReport(pair.primary.settings, primary, secondary, datetime.now(UTC))


def regions_table(report: RegionsReport) -> Listing:
    """A column for each Region."""
    titles = [f"{name} ({'primary' if name == report.settings.primary else 'secondary'})" for name in report.answers]
    cells = [dict(_cells(report, name)) for name in report.answers]
    names = list(dict.fromkeys(name for each in cells for name in each))
    return Listing(
        (Column(""), *(Column(title, is_text=True) for title in titles)),
        [(Text(name), *(Text(each.get(name, "–")) for each in cells)) for name in names],
    )


def _cells(report: RegionsReport, name: str) -> Iterator[tuple[str, str]]:
    answer = report.answers[name]
    if isinstance(answer, UnreachableError):
        yield "role", "not reachable"
        return
    mode = "" if name == report.epoch.active else f", {report.settings.mode.value}"
    yield "role", f"{report.epoch.role_of(name).value}{mode}"
    epoch = answer.epoch
    began = f", since {minute(epoch.at)} UTC by {epoch.by}: {epoch.reason}" if epoch.number else ", as configured"
    yield "epoch", f"{epoch.number}: {epoch.active}{began}"
    yield "runs", answer.version.title
    yield "missing", missing_text(answer.landed, report.seconds_missing(answer.landed))
    if answer.landed.unregistered:
        yield "not registered yet", counted(len(answer.landed.unregistered), "file")
    problems = report.bucket_problems(name)
    yield "S3 replication to the other", ", ".join(f"{each}: {why or 'enabled'}" for each, why in problems.items())
    yield "DMS", ", ".join(f"{each.source}: {each.state.status}" for each in answer.replications) or "–"


def tables_table(report: RegionsReport) -> Listing:
    """A row for each table, with what each Region has of it."""
    states = report.states.values()
    names = {table.source_table_name for state in states for table in state.tables}
    names |= {mark.source_table_name for state in states for mark in state.landed.missing}
    titles = ("applied until (UTC)", "pending", "held", "missing")
    columns = [Column(f"{region}: {title}") for region in report.states for title in titles]
    return Listing((Column("source table"), *columns), [_row(report, name) for name in sorted(names)])


def _row(report: RegionsReport, name: str) -> tuple[Text, ...]:
    cells: list[str] = [name]
    for state in report.states.values():
        table = next((each for each in state.tables if each.source_table_name == name), None)
        missing = sum(mark.source_table_name == name for mark in state.landed.missing)
        cells += [*_of_table(table), str(missing or "–")]
    return tuple(map(Text, cells))


def _of_table(table: TableInRegion | None) -> tuple[str, str, str]:
    if table is None:
        return "–", "–", "–"
    held = [counted(table.held_loads, "load")] if table.held_loads else []
    held += [counted(table.held_files, "file")] if table.held_files else []
    return minute(table.newest_applied), str(table.pending_files or "–"), ", ".join(held) or "–"


def lines(report: RegionsReport) -> Iterator[str]:
    """Say what would be lost, and what to mend."""
    standby = report.states.get(report.standby)
    if standby and "marks" not in standby.problems:
        lost = missing_text(standby.landed, report.seconds_missing(standby.landed))
        yield f"If {report.epoch.active} were lost now, {standby.region} would lack {lost}."
    yield from (f"! {warning}" for warning in report.warnings())
