"""Many histories at once on one deployed lake: each seed is a table, and all of them share its executions."""
# ruff: noqa: S311 - draws must repeat, not be secret

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Annotated, Literal

import typer
from odp.records import AUTO, BatchConfig, RawTableConfig
from rich.console import Console
from rich.status import Status
from rich.table import Table

from deployment_account.names import OdpTable
from rehearsal.demo.configuration import changed_configuration, deploy_lake, request_tables
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.workspace import ENVIRONMENT
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.failures import friendly_errors
from rehearsal.private_files import writing_privately
from rehearsal.torture.deployed.lake import EmulatedLake
from rehearsal.torture.deployed.refreshes import defects, endings
from rehearsal.torture.histories import Act, Step, round_of_steps
from rehearsal.torture.memory.lake import config_of
from rehearsal.torture.pairs import ICEBERG, ON_HUDI, STORAGES, Engine, Storage
from rehearsal.torture.reference_model import FOLDERS, ReferenceModel, any_kind
from rehearsal.torture.trial import Problem, Trial

CADENCE = "10_min_refresh"
DATABASE = "odpf_demo_taxi_trips_raw"
ROUNDS = 2
TABLES_OF_A_RUN = 50
STORAGES_OF: Mapping[str | None, Sequence[Storage]] = {
    None: STORAGES,
    Engine.SPARK: (ON_HUDI, Storage(ICEBERG)),
    Engine.NATIVE: (Storage(ICEBERG, 1.0),),
    AUTO: (Storage(ICEBERG, 0.5),),
}
"""How the tables of a campaign may be stored, by the engine that the manifest names."""
Say = Callable[[str], None]


@contextmanager
def deployed_lake(folder: Path) -> Iterator[DeployedLake]:
    """Deploy the dev lake as synthesised, with several sources, and with schedules that start nothing by themselves."""
    sources = {name: {"folder": folder, "replication": {"kind": "external"}} for name, folder in FOLDERS.items()}
    configuration = changed_configuration(folder, sources=sources, odp={"schedules": "disabled"})
    with Emulator(EmulatorSettings(run_directory=folder / "emulator")) as emulator:
        yield deploy_lake(ENVIRONMENT, emulator, folder / "assemblies", configuration=configuration)


def campaign(
    lake: DeployedLake, seeds: Sequence[int], say: Say, *, rounds: int = ROUNDS, engine: str | None = None
) -> list[Problem]:
    """Play the histories of all seeds together; a table is named by its seed. Without `engine`, each draws its own."""
    replicas = list(replicas_of(seeds, STORAGES_OF[engine]))
    say(f"configuring {len(replicas)} tables")
    configure(lake, replicas, 0)
    trial = Trial(EmulatedLake(lake, CADENCE, DATABASE, replicas), replicas)
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        if number and _may_change_engine(replicas):
            configure(lake, replicas, number)
        for step in _round(seeds, number):
            trial.take(step)
    say("settling")
    if _may_change_engine(replicas):
        configure(lake, replicas, rounds)
    for replica in replicas:
        replica.source.change(Random(replica.name))
    trial.settle()
    say("judging")
    return [*trial.judge(), *defects(lake.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY))]


def configure(lake: DeployedLake, replicas: Iterable[ReferenceModel], number: int) -> None:
    """Have the Configuration Manager make the tables known, in as few batches as go well; `number` counts the times."""
    batch = BatchConfig(CADENCE, "hudi", "odpf_file_processor", "G.1X", 2, TABLES_OF_A_RUN)
    tables = [_config_of(replica, number) for replica in replicas]
    decided = request_tables(lake, "torture", "make torture", batch, tables)
    if decided.status not in ("applied", "unchanged"):  # every table may draw the engine that it has
        raise RuntimeError(f"the tables of the histories were {decided.status}: {decided.reasons}")


def _round(seeds: Sequence[int], number: int) -> Iterator[Step]:
    for table, seed in enumerate(seeds):
        draw = Random(f"{seed}/{number}")
        yield from round_of_steps(draw, table, is_first=number == 0)
    everyone = Random(f"{seeds[0]}/{number}/run")
    yield Step(Act.RUN, 0, everyone.getrandbits(32))


def steps_of(seeds: Sequence[int], rounds: int = ROUNDS) -> Iterator[Step]:
    """The steps of all rounds."""
    for number in range(rounds):
        yield from _round(seeds, number)


def replicas_of(seeds: Iterable[int], storages: Sequence[Storage]) -> Iterator[ReferenceModel]:
    """Two tables each have one name, in two sources."""
    taken: set[str] = set()
    for seed in seeds:
        draw = Random(f"{seed}/0")
        kind = any_kind(f"t{seed // 2}", draw, taken)
        taken.add(kind.source_table_name)
        replica = ReferenceModel(f"t{seed}", kind, draw, lambda: datetime.now(UTC))
        replica.storage = Random(replica.name).choice(storages)
        yield replica


def _may_change_engine(replicas: Iterable[ReferenceModel]) -> bool:
    return any(0 < replica.storage.native_share < 1 for replica in replicas)


def _config_of(replica: ReferenceModel, number: int) -> RawTableConfig:
    """A table of either engine has another one in each round; with `auto` it begins natively.

    A native run that is killed leaves it to Spark.
    """
    of_either = Random(f"{replica.name}/{number}/engine").choice((AUTO, *Engine))
    engine = {0.0: Engine.SPARK, 1.0: Engine.NATIVE}.get(replica.storage.native_share, of_either)
    return replace(config_of(replica), refresh_cadence=CADENCE, raw_database_name=DATABASE, engine=str(engine))


# The command `torture-lake`: histories on a deployed lake, with real Glue runs that are killed for real.

_OF_ENGINE = "native or spark for all tables, auto for another one in each round; else each table draws its own."


def torture_lake(
    seeds: Annotated[int, typer.Option(envvar="SEEDS", min=1, help="How many tables, each with a history.")] = 20,
    first: Annotated[int, typer.Option(envvar="FIRST", min=0, help="The first table's seed.")] = 0,
    rounds: Annotated[int, typer.Option(envvar="ROUNDS", min=1, help="How many executions with faults.")] = ROUNDS,
    engine: Annotated[
        Literal["auto", "native", "spark"] | None,
        typer.Option(envvar="ENGINE", help=_OF_ENGINE),
    ] = None,
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
        problems = campaign(lake, range(first, first + seeds), _progress(console, status), rounds=rounds, engine=engine)
        console.print(_table_of_endings(lake))
    if not problems:
        console.print(f"{seeds:,} tables passed")
        return
    table = Table("table", "what is wrong")
    for problem in problems:
        table.add_row(problem.table, str(problem.finding))
    console.print(table)
    console.print(f"{len({problem.table for problem in problems})} of {seeds:,} tables failed")
    raise typer.Exit(1)


def _table_of_endings(lake: DeployedLake) -> Table:
    table = Table("engine", "how refreshes ended", "refreshes")
    for (engine, ending), count in sorted(endings(lake.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)).items()):
        table.add_row(engine, ending, f"{count:,}")
    return table


def _progress(console: Console, status: Status) -> Say:
    """Show what happens now, and keep a line of it with the minutes since the start."""
    start = time.monotonic()

    def say(text: str) -> None:
        status.update(text)
        console.print(f"{(time.monotonic() - start) / 60:6.1f} min  {text}", highlight=False)

    return say


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or one that is gone afterwards."""
    if folder:
        folder.mkdir(parents=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="torture-") as temporary:
        yield Path(temporary)
