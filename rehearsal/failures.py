"""Every known failure is one clear message and an exit code; an unknown one keeps its traceback."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from deployment_account.errors import ConfigurationError
from lake.errors import LakeError
from rehearsal.demo.failures import DemoError, Interrupted, interruptible
from rehearsal.demo.workspace import FULL_DISK
from rehearsal.deployment.assembly import AssemblyError, SynthesisError
from rehearsal.deployment.deployer import DeploymentError
from rehearsal.drill.region_lake import DrillError
from rehearsal.emulator.glue_runner.spark_settings import MetastoreError
from rehearsal.emulator.process import EmulatorError
from rehearsal.jars import JarsError
from rehearsal.pipeline.definition import RehearsalError
from rehearsal.source.mariadb.program import MariaDbError
from rehearsal.source.trips import TripsFileError
from rehearsal.toolchain import ToolchainError

KNOWN_ERRORS = (
    *(AssemblyError, ConfigurationError, DemoError, DeploymentError, DrillError, EmulatorError, JarsError),
    *(
        MetastoreError,
        LakeError,
        MariaDbError,
        RehearsalError,
        SynthesisError,
        ToolchainError,
        TripsFileError,
        ClientError,
        BotoCoreError,
        OSError,
    ),
)


@contextmanager
def friendly_errors(console: Console) -> Iterator[None]:
    """Say in one message what went wrong, and end with a non-zero exit code."""
    try:
        with interruptible():
            yield
    except Interrupted as interrupted:
        console.print("[yellow]Interrupted.[/yellow] Nothing is left running.")
        raise typer.Exit(interrupted.exit_code) from interrupted
    except Exception as error:
        if not isinstance(error, KNOWN_ERRORS) and not is_disk_full(error):
            raise
        reason = FULL_DISK if is_disk_full(error) else str(error)
        # as text: a message may hold what rich would take for markup
        console.print(Text.assemble(("Failed: ", "red bold"), reason), soft_wrap=True)
        raise typer.Exit(1) from error


def is_disk_full(error: BaseException) -> bool:
    """Whether the error is about a disk, or a share of one, without room."""
    if isinstance(error, sqlite3.Error):
        return error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
