"""The commands behind the Makefile: `demo`, `lake` and `torture`; every known failure is one clear message."""

import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from deployment_account.environments import load_platform
from lake.tables.registry import FormatName
from rehearsal.demo.demo import Demo, DemoOptions
from rehearsal.demo.failures import DemoError, ExplainedError, evidence, evidence_of
from rehearsal.demo.sources.source import SourceKind
from rehearsal.demo.workspace import CONFIGURATION, ENVIRONMENT, Workspace
from rehearsal.drill.cli import drill
from rehearsal.emulator.process import Emulator, EmulatorError
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.failures import friendly_errors
from rehearsal.pipeline.cli import app as rehearse
from rehearsal.report.page import render
from rehearsal.report.summary import print_summary
from rehearsal.torture.deployed.campaign import torture_lake
from rehearsal.torture.real_source.campaign import torture_source
from rehearsal.torture.runner import torture

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
app.command()(drill)
app.command()(torture)
app.command()(torture_lake)
app.command()(torture_source)
Port = Annotated[int, typer.Option(envvar="PORT", help="Loopback port of the emulator; 0 takes any free one.")]
Folder = Annotated[
    Path | None,
    typer.Option(envvar="REHEARSAL_FOLDER", help="Where lake and report are put; the clone's own place by default."),
]


app.add_typer(rehearse, name="rehearse")


@app.command()
def demo(  # noqa: PLR0913, PLR0917 - the options of a command
    trips: Annotated[Path | None, typer.Option(envvar="TRIPS", help="TLC trips, CSV or Parquet.")] = None,
    rows: Annotated[int, typer.Option(envvar="ROWS", min=1, help="Generated trips for each table.")] = 20_000,
    port: Port = 0,
    folder: Folder = None,
    table_format: Annotated[
        FormatName | None,
        typer.Option("--format", envvar="FORMAT", help="Format of the 18 tables of trips, hudi by default."),
    ] = None,
    direct: Annotated[
        bool, typer.Option(envvar="DIRECT", help="Deploy the lake without its pipelines, which is a minute shorter.")
    ] = False,
    source: Annotated[
        SourceKind,
        typer.Option(envvar="SOURCE", help="mariadb: a server that AWS DMS follows; file: a source without a server."),
    ] = SourceKind.MARIADB,
    keep_failed: Annotated[
        bool, typer.Option(envvar="KEEP_FAILED", help="Keep what a failed run leaves, with all its logs.")
    ] = False,
) -> None:
    """Deploy the dev lake on this machine, replicate an operational database into it and compare every value."""
    console, workspace = Console(), Workspace.of(folder)
    with friendly_errors(console), workspace.alone():
        run = Demo(DemoOptions(trips, rows, port, direct, table_format, source), workspace, console)
        inputs = run.read_inputs()
        workspace.report.unlink(missing_ok=True)
        look, say = partial(_show_evidence, console, workspace.logs), partial(_say, console)
        with workspace.put_away_on_failure(keep=keep_failed, look=look, say=say):
            workspace.begin()
            report = run.run(inputs)
            workspace.report.write_text(render(report), encoding="utf-8")
        print_summary(report, console)
        _say(console, f"Report with pictures: {workspace.report}\nThe lake is kept: {workspace.reopening} opens it.")
    if not report.has_passed:
        raise typer.Exit(1)


@app.command()
def lake(port: Port = 0, folder: Folder = None) -> None:
    """Serve the lake of the last demo until Ctrl-C, and say how to look into it."""
    console, workspace = Console(), Workspace.of(folder)
    with friendly_errors(console), workspace.alone():
        if not workspace.emulator.exists():
            raise DemoError("there is no lake yet; `make demo` makes one")
        # no pipeline runs here, so nothing needs this person's way to the package registries
        settings = EmulatorSettings(run_directory=workspace.emulator, port=port, package_variables={})
        with Emulator(settings) as emulator:
            account = load_platform(CONFIGURATION).environments[ENVIRONMENT].account
            _show_how_to_look(console, emulator.shell_exports(account))
            with suppress(KeyboardInterrupt):
                emulator.wait()
                raise EmulatorError(f"the emulator ended by itself; see {emulator.log}")
        console.print("The lake is closed and kept; `make lake` opens it again, `make clean` removes it.")


def _show_how_to_look(console: Console, exports: str) -> None:
    console.print("The lake is served until Ctrl-C. In another terminal:\n", highlight=False)
    console.print(exports, style="bold", highlight=False, soft_wrap=True)
    console.print(
        f"""
aws s3 ls
aws glue get-tables --database-name odpf_demo_taxi_trips_raw --query 'TableList[].Name'
aws dynamodb scan --table-name odpf_file_processing_tracker_history --max-items 1
aws dynamodb scan --table-name taxi_audit --query 'Items[].[s3_key.S, file_status.S, error.S]' --output text
aws stepfunctions list-state-machines

{sys.executable} -c "
import boto3
for table in boto3.client('glue').get_tables(DatabaseName='odpf_demo_taxi_trips_raw')['TableList']:
    print(table['Name'], table['StorageDescriptor']['Location'])"
""",
        highlight=False,
        markup=False,
        soft_wrap=True,  # commands are to be copied
    )


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _show_evidence(console: Console, logs: Path, failure: Exception) -> None:
    """Show the logs of what failed; an error that names its own reason is shown alone."""
    telling = evidence_of(failure.failed_runs, logs) if isinstance(failure, ExplainedError) else evidence(logs)
    for found in telling:
        console.print(Text(f"{found.log} says:", style="bold"))
        for line in found.lines:
            console.print(Text(f"  {line}", style="dim"), soft_wrap=True)


if __name__ == "__main__":
    app()
