"""`odp replication`: a person starts, stops and looks at the replications by DMS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

import typer
from odp.errors import ManifestError
from odp.table_identity import SourceTable
from rich.text import Text

from deployment_account.environments import load_platform
from odp_cli.errors import CommandError
from odp_cli.inference.quantities import counted
from odp_cli.lake import chosen_environment
from odp_cli.operate.dms_in_region import DmsInRegion
from odp_cli.operate.replicated_tables import NOTHING_COMPARED, compare, named_tables
from odp_cli.operate.replications import ServerlessReplication, Start, load_again, load_all_again
from odp_cli.operate.replications import stop as stopped
from odp_cli.output import (
    MANIFESTS,
    PLATFORM,
    Env,
    Folder,
    Json,
    Mode,
    PlatformFile,
    Profile,
    RegionName,
    Yes,
    say,
    say_json,
)

replication = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Replications of sources by AWS DMS.")
Source = Annotated[str, typer.Option(help="The source, if more than one is replicated.")]
_SAID = {
    Start.FIRST: "started: it loads every table, then follows changes",
    Start.RESUME: "started: it goes on where it stopped; the last changes may come twice, which the lake bears",
}


@replication.command()
def status(
    source: Source = "",
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    manifests: Folder = MANIFESTS,
    as_json: Json = False,
) -> None:
    """Show the state of each replication and of its tables.

    Suspended tables are named, tables of the manifests that DMS does not know, and tables that no manifest names.
    """
    answers = []
    named = _named(manifests, platform, env)
    dms = DmsInRegion.of(platform, env, profile, region)
    if dms.spoken.role and not as_json:
        say(Text(dms.spoken.place))
    for name, known in dms.replications(source).items():
        found = known.replication
        state, tables = found.state(), found.tables()
        compared = compare(name, named.get(name, ()), tables) if named and state.has_started else NOTHING_COMPARED
        suspended = [f"{each.schema}.{each.table}: {each.state}" for each in tables if each.is_suspended]
        states = dict(Counter(each.state for each in tables))
        told = {"source": name, "status": state.status, "reason": state.reason, "tables": states}
        answers.append({**told, "not_replicated": compared.missing, "in_no_manifest": compared.unnamed})
        if not as_json:
            reason = f" ({state.reason})" if state.reason else ""
            lines = [f"{name}: {state.status}{reason}, {state.loaded_percent} % of the load"]
            if since := known.stop_of_pipeline.since():
                lines.append(
                    f"  a deployment stopped it at {since}; the next one lets it go on, or odp replication start"
                )
            lines += [f"  {number} × {each}" for each, number in states.items()]
            lines += [f"  ✗ {each}; mend its cause in DMS's log, then odp replication reload" for each in suspended]
            lines += compared.lines()
            say(Text("\n".join(lines)))
    if as_json:
        say_json({"environment": env, **dms.spoken.as_json(), "replications": answers})


def _named(manifests: Path, platform: Path, env: str) -> Mapping[str, Collection[tuple[str, str]]] | None:
    """The tables of the manifests; None if they are wrong, because the state is wanted all the same."""
    try:
        return named_tables(manifests, chosen_environment(load_platform(platform), env))
    except ManifestError as refused:
        typer.echo(f"! the manifests are not compared: {refused}", err=True)
        return None


@replication.command()
def start(
    source: Source = "",
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
) -> None:
    """Start a replication: the first time with a load of every table, later where it stopped."""
    dms = DmsInRegion.of(platform, env, profile, region)
    name, found = dms.only(source)
    dms.refuse_in_the_standby()
    how = found.replication.state().first_step
    found.replication.start(how)
    found.stop_of_pipeline.forget()
    say(Text(f"✓ {name}{dms.where} {_SAID[how]}"))


@replication.command()
def stop(
    source: Source = "",
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    yes: Yes = False,
) -> None:
    """Stop a replication; start it again within two days. Around its deployments the pipeline does both."""
    dms = DmsInRegion.of(platform, env, profile, region)
    name, found = dms.only(source)
    if found.stop_of_pipeline.since() and found.replication.state().is_at_rest:
        found.stop_of_pipeline.forget()
        say(Text(f"✓ {name}{dms.where} stays stopped: the next deployment does not start it any more"))
        return
    Mode(dry_run=False, yes=yes, as_json=False).ask(
        f"{dms.spoken.place}: stop the replication of {name}? The lake gets no changes"
    )
    stopped(found.replication)
    found.stop_of_pipeline.forget()
    serverless = ", and within 48 hours: DMS then takes its capacity away, and only a new load helps"
    warning = serverless if isinstance(found.replication, ServerlessReplication) else ""
    say(Text(f"✓ {name}{dms.where} stops; start it again before the database deletes its log{warning}"))


@replication.command()
def reload(  # noqa: PLR0913, PLR0917 - the options of a command
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="TABLE…", help="Tables, as manifests name them.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every table of a stopped replication.")] = False,
    source: Source = "",
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    yes: Yes = False,
) -> None:
    """Load tables again: some while the replication runs, or all after a stop.

    After a change of a table's columns load all: DMS loads a single table with the definition that it read before.
    """
    if bool(tables) == all_:
        raise CommandError("which tables is not said", mend="name tables, or add --all")
    wanted = [_parsed(name) for name in tables or ()]
    sources = {each.source for each in wanted}
    if len(sources) > 1:
        raise CommandError(f"the tables are of {', '.join(sorted(sources))}", mend="one command for each source")
    dms = DmsInRegion.of(platform, env, profile, region)
    name, found = dms.only(source or next(iter(sources), ""))
    dms.refuse_in_the_standby()
    which = "every table" if all_ else counted(len(wanted), "table")
    Mode(dry_run=False, yes=yes, as_json=False).ask(f"{dms.spoken.place}: load {which} of {name} again?")
    if all_:
        load_all_again(found.replication)
        found.stop_of_pipeline.forget()
    else:
        load_again(found.replication, wanted)
    say(Text(f"✓ DMS loads {which} of {name} again; a load that the lake holds waits for odp reload"))


def _parsed(name: str) -> SourceTable:
    try:
        return SourceTable.parse(name)
    except ValueError as error:
        raise CommandError(str(error), mend="name the table as its manifest does") from error
