"""The commands behind the Makefile: `demo` and `lake`; every known failure is one clear message."""

import errno
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from odp.errors import OdpError
from rich.console import Console

from deployment_account.environments import load_platform
from deployment_account.errors import ConfigurationError
from rehearsal.demo.demo import CONFIGURATION, ENVIRONMENT, Demo, DemoOptions
from rehearsal.demo.errors import DemoError
from rehearsal.demo.workspace import Workspace
from rehearsal.deployment.assembly import AssemblyError
from rehearsal.deployment.deployer import DeploymentError
from rehearsal.deployment.synth import SynthesisError
from rehearsal.emulator.process import Emulator, EmulatorError
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.jars import JarsError
from rehearsal.report.page import render
from rehearsal.report.summary import print_summary
from rehearsal.source.trips import TripsFileError
from rehearsal.toolchain import ToolchainError

KNOWN_ERRORS = (
    *(AssemblyError, ConfigurationError, DemoError, DeploymentError, EmulatorError, JarsError, OdpError),
    *(SynthesisError, ToolchainError, TripsFileError, ClientError, BotoCoreError, OSError),
)
INTERRUPTED = 130

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
Port = Annotated[int, typer.Option(envvar="PORT", help="Loopback port of the emulator; 0 takes any free one.")]


@app.command()
def demo(
    trips: Annotated[Path | None, typer.Option(envvar="TRIPS", help="TLC trips, CSV or Parquet.")] = None,
    rows: Annotated[int, typer.Option(envvar="ROWS", min=1, help="Generated trips for each table.")] = 20_000,
    port: Port = 0,
) -> None:
    """Deploy the dev lake on this machine, replicate 18 tables into it and compare every value."""
    console, workspace = Console(), Workspace()
    with _told_clearly(console), workspace.alone():
        workspace.report.unlink(missing_ok=True)
        workspace.begin()
        try:
            report = Demo(DemoOptions(trips, rows, port), workspace, console).run()
        except BaseException:
            if not os.environ.get("KEEP_FAILED"):
                workspace.remove()
            raise
        workspace.report.write_text(render(report), encoding="utf-8")
        print_summary(report, console)
        console.print(f"Report with pictures: {workspace.report}\nThe lake is kept: [bold]make lake[/bold] opens it.")
    if not report.validation.has_passed:
        raise typer.Exit(1)


@app.command()
def lake(port: Port = 0) -> None:
    """Serve the lake of the last demo until Ctrl-C, and say how to look into it."""
    console, workspace = Console(), Workspace()
    with _told_clearly(console), workspace.alone():
        if not workspace.emulator.exists():
            raise DemoError("there is no lake yet; `make demo` makes one")
        with Emulator(EmulatorSettings(run_directory=workspace.emulator, port=port)) as emulator:
            account = load_platform(CONFIGURATION).environments[ENVIRONMENT].account
            _show_how_to_look(console, emulator.shell_environment(account))
            with suppress(KeyboardInterrupt):
                emulator.wait()
                raise EmulatorError(f"the emulator ended by itself; see {emulator.log}")
        console.print("The lake is closed and kept; `make lake` opens it again, `make clean` removes it.")


def _show_how_to_look(console: Console, variables: dict[str, str]) -> None:
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
    console.print("The lake is served until Ctrl-C. In another terminal:\n", highlight=False)
    console.print(exports, style="bold", highlight=False, soft_wrap=True)
    console.print(
        f"""
aws s3 ls
aws glue get-tables --database-name odpf_demo_taxi_trips_raw --query 'TableList[].Name'
aws dynamodb scan --table-name odpf_file_processing_tracker_history --max-items 1
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


@contextmanager
def _told_clearly(console: Console) -> Iterator[None]:
    """Turn every known failure into one message and a non-zero exit code; an unknown one keeps its traceback."""
    try:
        yield
    except KeyboardInterrupt as interrupted:
        console.print("[yellow]Interrupted.[/yellow] Nothing is left running.")
        raise typer.Exit(INTERRUPTED) from interrupted
    except KNOWN_ERRORS as error:
        reason = "the disk is full; make room and start again" if _disk_is_full(error) else str(error)
        console.print("[red bold]Failed:[/red bold]", reason, markup=True, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _disk_is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno == errno.ENOSPC


if __name__ == "__main__":
    app()
