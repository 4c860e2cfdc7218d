"""The commands behind the Makefile's `bench…` targets; each prints a table and writes it to .local/benchmarks."""

from pathlib import Path
from typing import Annotated

import typer
from odp.file_processor.engines import NATIVE_TABLES
from rich.console import Console

from benchmarks.workspace import workspace
from rehearsal.failures import friendly_errors
from rehearsal.source.generator import generate_trips
from rehearsal.source.trips import load_trips

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
Trips = Annotated[Path | None, typer.Option(envvar="TRIPS", help="TLC trips, CSV or Parquet; else they are made up.")]
WIDTH = 120
MONTH = 1_369_769
"""The trips of January 2021."""


@app.command()
def taxi(trips: Trips = None, rows: Annotated[int, typer.Option(envvar="ROWS", min=1)] = MONTH) -> None:
    """Load trips with the taxi flow's two jobs, and with duckdb from the same files."""
    from benchmarks.taxi_flow.comparison import compare_on

    console = Console(width=WIDTH)
    with friendly_errors(console), workspace("taxi") as work:
        table = load_trips(trips) if trips else generate_trips(rows)
        compare_on(table, work).publish(console)


@app.command()
def plan() -> None:
    """Plan cadences of growing size, and list, sweep and read the history of a lake that grows old."""
    from benchmarks.batch_plan.ages import measure_ages
    from benchmarks.batch_plan.growth import measure_growth
    from benchmarks.batch_plan.history import measure_history

    console = Console(width=WIDTH)
    with friendly_errors(console), workspace("plan") as work:
        measure_ages().publish(console)
        measure_history(work).publish(console)
        measure_growth(work).publish(console)


@app.command()
def changes(rounds: Annotated[int, typer.Option(envvar="ROUNDS", min=1, help="The quickest counts.")] = 1) -> None:
    """Apply changes to tables with the lake's writer and with plain alternatives."""
    from benchmarks.change_phase.comparison import WORKLOADS, compare_on

    console = Console(width=WIDTH)
    with friendly_errors(console), workspace("changes") as work:
        compare_on(WORKLOADS, work, rounds).publish(console)


@app.command()
def lake(
    tables: Annotated[int, typer.Option(envvar="TABLES", min=1, max=NATIVE_TABLES)] = 18,
    rows: Annotated[int, typer.Option(envvar="ROWS", min=20, help="Of each table.")] = 20_000,
    changes: Annotated[int, typer.Option(envvar="CHANGES", min=20, help="To each table.")] = 2_000,
    landings: Annotated[int, typer.Option(envvar="LANDINGS", min=1, help="Of one warm table; the median counts.")] = 7,
) -> None:
    """Refresh small tables on a deployed lake, with ledger, S3 and Data Catalog, and count what it takes."""
    from benchmarks.change_phase.workload import Workload
    from benchmarks.deployed_lake.course import measure

    console = Console(width=WIDTH)
    with friendly_errors(console), workspace("lake") as work:
        for figures in measure(work, Workload("small", tables, rows, changes), landings, console.print):
            figures.publish(console)


if __name__ == "__main__":
    app()
