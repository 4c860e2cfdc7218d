"""Ctrl-C and its kin at the worst moments: one message, the right exit code, no process, no folder."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.demo.workspace import Workspace
from tests.end_to_end.programs import Program, processes_of, running

PATIENCE = 120  # the emulator has thirty seconds to save its state
LONGER_THAN_ALL_WAITS = 4 * PATIENCE  # or a test would end without a word of what did not come
Moment = Callable[[Program, Path], None]


def is_synthesising(program: Program, folder: Path) -> None:
    program.wait_for("Prepare Spark")


def runs_a_pipeline(program: Program, folder: Path) -> None:
    program.wait_for("Deploy the pipeline of infra-repo")
    while not any("build.sh" in command for command in processes_of(folder).values()):
        assert "Succeeded after" not in program.output, program.output
        time.sleep(0.1)


def is_deploying(program: Program, folder: Path) -> None:
    program.wait_for("Start the emulator")
    assert any("rehearsal.emulator.launcher" in command for command in processes_of(folder).values())


def runs_glue_jobs(program: Program, folder: Path) -> None:
    program.wait_for("registers the files of the full load")
    while not any("org.apache.spark" in command for command in processes_of(folder).values()):
        assert "applies the full load" not in program.output, program.output
        time.sleep(0.1)


@pytest.mark.timeout(LONGER_THAN_ALL_WAITS)
@pytest.mark.parametrize(
    ("moment", "number", "exit_code", "flags"),
    [
        (is_synthesising, signal.SIGTERM, 143, ("--direct",)),
        (is_deploying, signal.SIGINT, 130, ("--direct",)),
        # what is interrupted then takes a minute to come about; that an emulator which is stopped leaves no build and
        # no run behind is proved by a small pipeline and a small run of Glue in tests/embedded
        pytest.param(runs_a_pipeline, signal.SIGINT, 130, (), marks=pytest.mark.slow),
        pytest.param(runs_glue_jobs, signal.SIGTERM, 143, ("--direct",), marks=pytest.mark.slow),
    ],
)
def test_interrupted_demo_leaves_no_process_and_no_folder(
    moment: Moment, number: signal.Signals, exit_code: int, flags: tuple[str, ...], tmp_path: Path
) -> None:
    workspace = Workspace.of(tmp_path)
    with running(tmp_path / "output", "demo", "--folder", str(tmp_path), "--rows", "50", *flags) as program:
        moment(program, tmp_path)
        program.interrupt(number)
        assert program.exit_code(seconds=PATIENCE) == exit_code, program.output
        assert program.output.splitlines()[-1] == "Interrupted. Nothing is left running."
        assert "Traceback" not in program.output
    assert processes_of(tmp_path) == {}
    assert not workspace.folder.exists()
    assert not workspace.report.exists()


@pytest.mark.timeout(LONGER_THAN_ALL_WAITS)
@pytest.mark.parametrize("moment", [is_deploying, pytest.param(runs_glue_jobs, marks=pytest.mark.slow)])
def test_demo_that_is_killed_leaves_no_process(moment: Moment, tmp_path: Path) -> None:
    with running(tmp_path / "output", "demo", "--folder", str(tmp_path), "--rows", "50", "--direct") as program:
        moment(program, tmp_path)
        program.kill()
        deadline = time.monotonic() + PATIENCE
        while (left := processes_of(tmp_path)) and time.monotonic() < deadline:
            time.sleep(0.2)
    assert left == {}
