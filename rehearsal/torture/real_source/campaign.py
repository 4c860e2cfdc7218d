"""The command `torture-source`: plays histories through a real server, its log and the stand-in for DMS."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import track

from rehearsal.torture.histories import Story, story
from rehearsal.torture.real_source.engines import ENGINES, RealEngine, connected
from rehearsal.torture.real_source.mirrored_table import MirroredTable
from rehearsal.torture.real_source.played_table import PlayedTable
from rehearsal.torture.real_source.real_table import RealTable
from rehearsal.torture.reference_model import ReferenceModel
from rehearsal.torture.runner import memory_trial, silent


def torture_source(
    seeds: Annotated[int, typer.Option(envvar="SEEDS", min=1, help="How many histories.")] = 100,
    first: Annotated[int, typer.Option(envvar="FIRST", min=0, help="The first history's seed.")] = 0,
    name: Annotated[Literal["mariadb", "postgres"], typer.Option("--engine", envvar="ENGINE")] = "mariadb",
) -> None:
    """Compare what the tester claims that DMS writes with what its stand-in writes of a real database."""
    console = Console()
    different, compared = 0, Counter[str]()
    with ENGINES[name][0]() as server, connected(name, server) as engine:
        for seed in track(range(first, first + seeds), "Histories", console=console):
            found, counts = differences(engine, story(seed))
            compared += counts
            if found:
                different += 1
                console.print(f"seed {seed}: {found[0]}", markup=False)
    console.print(", ".join(f"{count:,} {what}" for what, count in sorted(compared.items())))
    if different:
        console.print(f"{different:,} of {seeds:,} histories differ")
        raise typer.Exit(1)
    console.print(f"{seeds:,} histories: the tester's files are those of the stand-in")


def differences(engine: RealEngine, played: Story) -> tuple[list[str], Counter[str]]:
    """Play a history on the server; gives where the files of tester and stand-in differ, and how much was compared."""
    found: list[str] = []
    compared: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, silent():
        trial = memory_trial(played)
        schemas = [f"history_{played.seed}_{number}" for number in range(len(trial.replicas))]
        for schema, replica in zip(schemas, trial.replicas, strict=True):
            _play_for_real(
                replica, RealTable(schema, replica.kind.table, engine, Path(folder) / schema, found, compared)
            )
        trial.play(played.steps)
        for schema in schemas:
            engine.drop_schema(schema)
    return found, compared


def _play_for_real(replica: ReferenceModel, real: RealTable) -> None:
    """Give a table of a history its double in the database."""
    real.engine.create_schema(real.schema)
    replica.source = MirroredTable.of(replica.source, real.engine.quoted(real.schema, real.table), real.engine)
    former = replica.dms
    replica.dms = played = PlayedTable(
        former.name, replica.source, former.settings, former.clock, former.writes_changes_apart,
        former.before_images, former.segments, real=real,
    )  # fmt: skip
    played.begin()
