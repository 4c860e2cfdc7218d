"""The command `torture-lake`: histories on a deployed lake, with real Glue runs that are killed for real."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rehearsal.failures import friendly_errors
from rehearsal.private_files import writing_privately
from rehearsal.torture.deployed.campaign import ROUNDS, campaign, deployed_lake


def torture_lake(
    seeds: Annotated[int, typer.Option(envvar="SEEDS", min=1, help="How many tables, each with a history.")] = 20,
    first: Annotated[int, typer.Option(envvar="FIRST", min=0, help="The first table's seed.")] = 0,
    rounds: Annotated[int, typer.Option(envvar="ROUNDS", min=1, help="How many executions under fire.")] = ROUNDS,
    folder: Annotated[
        Path | None,
        typer.Option(envvar="REHEARSAL_FOLDER", help="A new folder in which the lake is kept, with all logs."),
    ] = None,
) -> None:
    """Play random histories of many tables on one deployed lake and compare what comes out with the source."""
    console = Console()
    with (
        friendly_errors(console),
        writing_privately(),
        _place(folder) as place,
        console.status("deploying the lake") as status,
        deployed_lake(place) as lake,
    ):
        problems = campaign(lake, range(first, first + seeds), status.update, rounds=rounds)
    if not problems:
        console.print(f"{seeds:,} tables passed")
        return
    table = Table("table", "what is wrong")
    for problem in problems:
        table.add_row(problem.table, str(problem.finding))
    console.print(table)
    console.print(f"{len({problem.table for problem in problems})} of {seeds:,} tables failed")
    raise typer.Exit(1)


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or one that is gone afterwards."""
    if folder:
        folder.mkdir(parents=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="torture-") as temporary:
        yield Path(temporary)
