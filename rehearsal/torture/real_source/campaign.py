"""The command `torture-source`: plays histories through a real server, its log and the stand-in for DMS."""

import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from rehearsal.dms.log import Position
from rehearsal.dms.mysql.columns import quoted
from rehearsal.source.mariadb.server import MariaDbServer
from rehearsal.torture.histories import Story, story
from rehearsal.torture.real_source.mirrored_table import MirroredTable
from rehearsal.torture.real_source.played_table import PlayedTable
from rehearsal.torture.real_source.real_table import RealTable
from rehearsal.torture.reference_model import ReferenceModel
from rehearsal.torture.runner import memory_trial, silent


def torture_source(
    seeds: Annotated[int, typer.Option(envvar="SEEDS", min=1, help="How many histories.")] = 100,
    first: Annotated[int, typer.Option(envvar="FIRST", min=0, help="The first history's seed.")] = 0,
) -> None:
    """Compare what the tester claims that DMS writes with what its stand-in writes of a real database."""
    console = Console()
    different, compared = 0, Counter[str]()
    with MariaDbServer() as server:
        for seed in track(range(first, first + seeds), "Histories", console=console):
            found, counts = differences(server, story(seed))
            compared += counts
            if found:
                different += 1
                console.print(f"seed {seed}: {found[0]}", markup=False)
    console.print(", ".join(f"{count:,} {what}" for what, count in sorted(compared.items())))
    if different:
        console.print(f"{different:,} of {seeds:,} histories differ")
        raise typer.Exit(1)
    console.print(f"{seeds:,} histories: the tester's files are those of the stand-in")


def differences(server: MariaDbServer, played: Story) -> tuple[list[str], Counter[str]]:
    """Play a history on the server; gives where the files of tester and stand-in differ, and how much was compared."""
    found: list[str] = []
    compared: Counter[str] = Counter()
    connection = server.connect(autocommit=True, charset="utf8mb4")
    with tempfile.TemporaryDirectory() as folder, closing(connection), silent():
        trial = memory_trial(played)
        schemas = [f"history_{played.seed}_{number}" for number in range(len(trial.replicas))]
        for schema, replica in zip(schemas, trial.replicas, strict=True):
            state = Path(folder) / schema
            real = RealTable(schema, replica.kind.table, server.connection(), state, found, compared)
            _play_for_real(replica, connection, real)
        trial.play(played.steps)
        with connection.cursor() as cursor:
            for schema in schemas:
                cursor.execute(f"DROP DATABASE {quoted(schema)}")
    return found, compared


def _play_for_real(replica: ReferenceModel, connection: Any, real: RealTable) -> None:  # noqa: ANN401
    """Give a table of a history its double in the database."""

    def execute(statement: str, values: Any) -> int:  # noqa: ANN401 - values of any column type
        with connection.cursor() as cursor:
            return int(cursor.execute(statement, tuple(values)))

    def end_of_log() -> Position:
        with connection.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            file, offset, *_ = cursor.fetchone()
        return Position(file, int(offset))

    execute(f"CREATE DATABASE {quoted(real.schema)}", ())
    name = f"{quoted(real.schema)}.{quoted(real.table)}"
    replica.source = MirroredTable.of(replica.source, name, execute, end_of_log)
    former = replica.dms
    replica.dms = played = PlayedTable(
        former.name, replica.source, former.settings, former.clock, former.writes_changes_apart,
        former.before_images, former.segments, real=real,
    )  # fmt: skip
    played.begin()
