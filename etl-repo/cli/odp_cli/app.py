"""Checks manifests, shows the state of a lake's tables, decides what waits for a person, switches Regions.

Exit codes: 0 all is well, 1 manifests or a failover are refused, a decision came too late, or you answered no, 2 the
command could not answer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from odp.config_manager.manifest import read_documents
from odp.errors import ManifestError
from rich.console import Console

from deployment_account.environments import load_platform
from deployment_account.errors import ConfigurationError
from odp_cli.config_diff import diff as compared
from odp_cli.config_import import BucketRoles, Schemas, choices, import_files, say_import
from odp_cli.config_infer import infer as inferred
from odp_cli.config_validate import validate as validated
from odp_cli.draft_file import write_draft
from odp_cli.errors import CommandError
from odp_cli.failover import failback, failover
from odp_cli.inference.errors import InferenceError
from odp_cli.lake import RunningLake, chosen_environment
from odp_cli.ledger_migrate import migrate as migrated
from odp_cli.migration.lake_ledger import LakeLedger
from odp_cli.operate.spoken_region import spoken_region
from odp_cli.output import (
    MANIFESTS,
    PLATFORM,
    REFUSED,
    UNANSWERED,
    Folder,
    Json,
    PlatformFile,
    Reason,
    RegionName,
    say,
    say_json,
)
from odp_cli.quarantine import quarantine
from odp_cli.region import region
from odp_cli.reload import reload
from odp_cli.rendering import changes_table, problem_lines
from odp_cli.replication import replication
from odp_cli.skip import skip
from odp_cli.status import status

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, help=__doc__)
config = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Table manifests and the running configuration.")
app.add_typer(config, name="config")
ledger = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The DynamoDB tables of a running lake.")
app.add_typer(ledger, name="ledger")
app.add_typer(ledger, name="books", hidden=True)  # the command's former name

app.command()(status)
app.command()(reload)
app.command()(skip)
app.command()(failover)
app.command()(failback)
app.add_typer(quarantine, name="quarantine")
app.add_typer(replication, name="replication")
app.add_typer(region, name="region")


def main() -> None:
    """Run the command line; any error is one message."""
    with friendly_errors(Console(stderr=True)):
        app(prog_name="odp")


@config.command()
def validate(
    env: Annotated[str | None, typer.Option(help="Check for one environment; for all of them by default.")] = None,
    manifests: Folder = MANIFESTS,
    platform: PlatformFile = PLATFORM,
    as_json: Json = False,
) -> None:
    """Check the manifests with the code of the Configuration Manager, as far as this works without the running lake."""
    known = load_platform(platform)
    environments = [chosen_environment(known, env)] if env else list(known.environments.values())
    with refusals_told(as_json=as_json):
        checked = [validated(manifests, environment) for environment in environments]
    tables, cadences = len(checked[0].tables), len(checked[0].batches)
    names = [environment.name for environment in environments]
    warnings = list(checked[0].warnings.values())
    if as_json:
        answer = {"refused": [], "warnings": warnings, "tables": tables, "cadences": cadences, "environments": names}
        say_json(answer)
    else:
        for warning in warnings:
            say(f"! {warning}")
        say(f"✓ {tables} tables, cadences: {cadences}; valid for {', '.join(names)}")


@config.command()
def diff(
    env: Annotated[str, typer.Option(help="The environment to compare with.")],
    profile: Annotated[str | None, typer.Option(help="Profile with credentials of the environment's account.")] = None,
    manifests: Folder = MANIFESTS,
    platform: PlatformFile = PLATFORM,
    as_json: Json = False,
) -> None:
    """Show what deploying the manifests would change in a running lake, and whether it would be refused."""
    known = load_platform(platform)
    with refusals_told(as_json=as_json):
        documents = read_documents(manifests)
        found = compared(documents, RunningLake(known, chosen_environment(known, env), profile))
    if as_json:
        say_json({"environment": env, **found.as_json()})
    else:
        say(changes_table(found.changes) if found.changes else f"✓ {env} runs these manifests already")
        if found.waits_for:
            say(f"… deployed now, they would wait: {found.waits_for}")
        if found.refusals:
            say(problem_lines(found.refusals))
    if found.refusals:
        raise typer.Exit(REFUSED)


@config.command()
def infer(
    source: Annotated[str, typer.Option(metavar="S3_URL", help="Where the DMS task writes: s3://bucket[/folder].")],
    output: Annotated[Path | None, typer.Option(help="Write the draft to this new file.")] = None,
    profile: Annotated[str | None, typer.Option(help="Profile with credentials that may read there.")] = None,
    sample_rows: Annotated[int, typer.Option(min=1_000, help="Rows to look at, of each table.")] = 200_000,
    as_json: Json = False,
) -> None:
    """Draft manifests from landed files, each proposal with its evidence; a person decides."""
    found = inferred(source, profile, sample_rows)
    if output:
        write_draft(found.manifest, output)
    if as_json:
        say_json(found.as_json())
        return
    for table in found.tables():
        say(table)
    if output:
        say(f"The draft is in {output}: decide what the evidence leaves open, then `odp config validate`.")
    else:
        say_json(found.manifest)


@config.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="odpf_batch_config and odpf_raw_table_config, or exports of them.")
    ],
    schema: Schemas = None,
    bucket: BucketRoles = None,
    output: Annotated[Path | None, typer.Option(help="Write the manifest to this new file.")] = None,
    platform: PlatformFile = PLATFORM,
    as_json: Json = False,
) -> None:
    """Turn the reference framework's configuration into a manifest; check the lines of the report that begin with ?."""
    found = import_files(files, choices(schema, bucket, may_ask=not as_json), output, load_platform(platform))
    if output and not found.refused:
        write_draft(found.manifest, output)
    if as_json:
        say_json(found.as_json())
    else:
        say_import(found, output)
    if found.refused:
        raise typer.Exit(REFUSED)


@ledger.command()
def migrate(  # noqa: PLR0913, PLR0917 - the options of a command
    env: Annotated[str, typer.Option(help="The environment with the ledger to migrate.")],
    region: RegionName = "",
    profile: Annotated[str | None, typer.Option(help="Profile with credentials of the environment's account.")] = None,
    platform: PlatformFile = PLATFORM,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    split: Annotated[bool, typer.Option("--split", help="Keep sources apart that older releases mixed.")] = False,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Migrate the framework's DynamoDB tables to this release's format; continues where it was interrupted.

    Each Region has a ledger of its own: where there are two, run this with --region for either.
    """
    known = load_platform(platform)
    spoken = spoken_region(known, chosen_environment(known, env), profile, region)
    found = migrated(LakeLedger(known, spoken.environment, profile), dry_run=dry_run, split=split, reason=reason)
    if as_json:
        say_json({"environment": env, **spoken.as_json(), **found.as_json()})
    else:
        if spoken.role:
            say(spoken.place)
        say(problem_lines(found.found.problems) if found.found.problems else "\n".join(found.lines()))
    if found.found.problems:
        raise typer.Exit(REFUSED)


@contextmanager
def refusals_told(*, as_json: bool) -> Iterator[None]:
    """Exit with the reasons why manifests are refused, in the Configuration Manager's words."""
    try:
        yield
    except ManifestError as refused:
        if as_json:
            say_json({"refused": refused.problems})
        else:
            say(problem_lines(refused.problems))
        raise typer.Exit(REFUSED) from None


@contextmanager
def friendly_errors(console: Console) -> Iterator[None]:
    """Turn errors into one message and the exit code of an unanswered command."""
    try:
        yield
    except (CommandError, ConfigurationError, InferenceError) as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(UNANSWERED)
    except (BotoCoreError, ClientError) as error:
        console.print(f"AWS did not answer: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(UNANSWERED)
