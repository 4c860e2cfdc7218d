"""One demo for all tests that look at what it left."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from deployment_account.environments import load_platform
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.workspace import CONFIGURATION, ENVIRONMENT, Workspace
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.source.generator import generate_trips
from rehearsal.source.taxi_trips import TABLE_COUNT
from tests.end_to_end.programs import running

ROWS = 500
LATER_COLUMNS = ["airport_fee", "cbd_congestion_fee"]


@dataclass(frozen=True)
class FinishedDemo:
    """A demo that has ended."""

    workspace: Workspace
    exit_code: int
    output: str

    @property
    def folder(self) -> Path:
        """What it was given as --folder."""
        return self.workspace.report.parent


@pytest.fixture(scope="session")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trips as TLC published them in 2020: a CSV with times to the second and fewer columns than today."""
    path = tmp_path_factory.mktemp("trips") / "yellow_tripdata_2020-01.csv"
    table = generate_trips(ROWS * TABLE_COUNT).drop(LATER_COLUMNS)
    for position, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            times = pc.strftime(table.column(position), "%Y-%m-%d %H:%M:%S")
            seconds = pc.utf8_slice_codeunits(times, 0, len("2020-01-01 00:00:00"))
            table = table.set_column(position, field.name, seconds)
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="none"))
    return path


@pytest.fixture(scope="session")
def demo(trips: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedDemo:
    folder = tmp_path_factory.mktemp("demo")
    with running(folder / "output", "demo", "--folder", str(folder), "--trips", str(trips)) as program:
        exit_code = program.exit_code(seconds=900)
        return FinishedDemo(Workspace.of(folder), exit_code, program.output)


@pytest.fixture(scope="session")
def saved(demo: FinishedDemo) -> Iterator[Emulator]:
    """The emulator of the saved lake; it runs while nobody wants the lake closed."""
    emulator = Emulator(EmulatorSettings(run_directory=demo.workspace.emulator))
    yield emulator
    emulator.stop()


@pytest.fixture
def lake(saved: Emulator) -> DeployedLake:
    """The saved lake, opened for one test after another, which only read it."""
    if saved.pid is None:
        saved.start()
    platform = load_platform(CONFIGURATION)
    return DeployedLake(platform, platform.environments[ENVIRONMENT], saved)


@pytest.fixture
def closed_demo(demo: FinishedDemo, saved: Emulator) -> FinishedDemo:
    """The demo with its lake closed, as it left it."""
    saved.stop()
    return demo
