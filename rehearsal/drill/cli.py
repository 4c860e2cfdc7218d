"""The command `drill`: loses a Region on purpose, and says what that cost."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer
from rich.console import Console

from rehearsal.demo.workspace import PROJECT
from rehearsal.drill.deployment import two_regions
from rehearsal.drill.drill import Drill, now
from rehearsal.drill.figures import Figures, show
from rehearsal.drill.source import drill_tables
from rehearsal.failures import friendly_errors
from rehearsal.private_files import writing_privately

KEPT = PROJECT / ".local" / "drill.jsonl"
ITEMS_LONGEST = 1.0
"""AWS says of global tables: within a second in most cases."""
Mode = Literal["cold", "warm"]


def drill(  # noqa: PLR0913, PLR0917 - the options of a command
    seed: Annotated[int, typer.Option(envvar="SEED", min=0, help="What delays and changes are drawn from.")] = 1,
    mode: Annotated[Mode, typer.Option(envvar="MODE", help="Whether the standby refreshes its tables.")] = "cold",
    tables: Annotated[int, typer.Option(envvar="TABLES", min=1, help="Iceberg tables of the native engine.")] = 4,
    hudi: Annotated[int, typer.Option(envvar="HUDI", min=0, help="Hudi tables of Spark beside them.")] = 1,
    rows: Annotated[str, typer.Option(envvar="ROWS", help="Rows of the tables in their loads, in turn.")] = "2000",
    lag: Annotated[float, typer.Option(envvar="LAG", min=0, help="Seconds that a replica takes at most.")] = 20.0,
    lost: Annotated[bool, typer.Option(envvar="LOST", help="What had not arrived at the cut never comes.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(envvar="REHEARSAL_FOLDER", help="A new folder in which both lakes are kept, with all logs."),
    ] = None,
) -> None:
    """Cut the primary Region off in the middle of a refresh, fail over, come back, and compare every value."""
    console, began = Console(), time.monotonic()
    sizes = tuple(int(number) for number in rows.split(","))
    figures = Figures(seed, mode, tables + hudi, sizes, (0.0, lag), (0.0, ITEMS_LONGEST))
    with friendly_errors(console), writing_privately(), _place(folder) as place:
        run(place, figures, hudi=hudi, is_lost=lost, say=_sayer(console, began))
        show(figures, console)
        figures.save(KEPT)
    console.print(f"The figures are in {KEPT}, beside those of earlier drills.", soft_wrap=True)


def run(folder: Path, figures: Figures, *, hudi: int, say: Callable[[str], None], is_lost: bool = False) -> None:
    """Deploy both Regions into an empty folder and play; the figures get their values."""
    tables = drill_tables(figures.tables, rows=figures.rows, seed=figures.seed, clock=now)
    names = [table.name for table in tables]
    native, of_spark = names[: len(names) - hudi], names[len(names) - hudi :]
    began = time.monotonic()
    with two_regions(folder, mode=figures.mode, native=native, hudi=of_spark, say=say) as drilled:
        figures.seconds["deployment"] = time.monotonic() - began
        Drill(drilled, tables, figures, say, is_lost).play()


def _sayer(console: Console, began: float) -> Callable[[str], None]:
    def say(text: str) -> None:
        console.print(f"{time.monotonic() - began:7.1f} s  {text}", highlight=False, markup=False, soft_wrap=True)

    return say


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or one that is gone afterwards."""
    if folder:
        folder.mkdir(parents=True)
        yield folder
        return
    with TemporaryDirectory(prefix="drill-") as temporary:
        yield Path(temporary)
