"""What runs beside the demo's own steps: its failure is told, and it ends with the demo."""

import threading
import time
from concurrent.futures import Executor
from pathlib import Path

import pytest
from rich.console import Console

from rehearsal.demo.demo import Demo, DemoOptions
from rehearsal.demo.failures import DemoError
from rehearsal.demo.inputs import Inputs
from rehearsal.demo.workspace import Workspace
from rehearsal.emulator.process import Emulator
from rehearsal.source.database import SourceDatabase
from rehearsal.source.generator import generate_trips
from rehearsal.source.taxi_trips import create_taxi_trips


class TwoFailures(Demo):
    """The step beside fails, then the demo's own step."""

    def _run(self, inputs: Inputs, emulator: Emulator, beside: Executor) -> object:  # type: ignore[override]
        def fail() -> None:
            raise DemoError("the taxi flow failed")

        self._beside.append(beside.submit(fail))
        while not self._beside[0].done():
            time.sleep(0.01)
        raise DemoError("the File Processor failed")


class Interrupted(Demo):
    """Ctrl-C comes while a step beside computes and asks nobody."""

    def _run(self, inputs: Inputs, emulator: Emulator, beside: Executor) -> object:  # type: ignore[override]
        has_begun = threading.Event()

        def compute() -> None:
            while True:
                has_begun.set()
                self._go_on()
                time.sleep(0.01)

        self._beside.append(beside.submit(compute))
        has_begun.wait()
        raise KeyboardInterrupt


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.of(tmp_path / "workspace")


def test_of_two_failures_the_first_one_is_told(workspace: Workspace) -> None:
    demo = TwoFailures(DemoOptions(), workspace, Console())
    with pytest.raises(DemoError, match="the taxi flow failed") as told:
        demo.run(None)  # type: ignore[arg-type]
    assert str(told.value.__cause__) == "the File Processor failed"


@pytest.mark.timeout(30)
def test_an_interrupted_demo_waits_for_no_computation(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt):
        Interrupted(DemoOptions(), workspace, Console()).run(None)  # type: ignore[arg-type]


def test_filling_the_database_ends_between_two_tables(tmp_path: Path) -> None:
    asked: list[int] = []

    def twice() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise DemoError("the demo has ended")

    with pytest.raises(DemoError, match="has ended"):
        create_taxi_trips(SourceDatabase(tmp_path / "taxi.db"), generate_trips(36), go_on=twice)
    assert len(asked) == 3
