"""`rehearse` as a person runs it: interrupted, robbed of its emulator, or asked for what is not there."""

import os
import signal
from pathlib import Path

import pytest

from rehearsal.demo.workspace import PROJECT
from tests.end_to_end.programs import processes_of, running

needs_clone = pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="only a clone can be pushed from")


def emulator_of(folder: Path) -> int:
    (pid,) = [pid for pid, command in processes_of(folder).items() if "rehearsal.emulator.launcher" in command]
    return pid


@needs_clone
def test_an_interruption_leaves_nothing_running_and_the_accounts_for_the_next_time(tmp_path: Path) -> None:
    with running(tmp_path / "output", "rehearse", "--folder", str(tmp_path / "here"), "--quick") as program:
        program.wait_for("repository")
        program.interrupt()
        assert program.exit_code(seconds=180) == 130
        assert "Interrupted" in program.output
    assert processes_of(tmp_path / "here") == {}
    assert not (tmp_path / "here" / "rehearsal" / "in-use").exists()


@needs_clone
def test_an_emulator_that_dies_is_told_and_the_next_rehearsal_knows(tmp_path: Path) -> None:
    with running(tmp_path / "output", "rehearse", "--folder", str(tmp_path / "here"), "--quick") as program:
        program.wait_for("repository")
        os.kill(emulator_of(tmp_path / "here"), signal.SIGKILL)
        assert program.exit_code(seconds=120) == 1
        assert "the emulator ended by itself" in program.output
    assert (tmp_path / "here" / "rehearsal" / "in-use").exists()
    assert processes_of(tmp_path / "here") == {}


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_a_decision_without_a_rehearsal_is_told_how_to_begin_one(command: str, tmp_path: Path) -> None:
    with running(tmp_path / "output", "rehearse", command, "--folder", str(tmp_path)) as program:
        assert program.exit_code(seconds=180) == 1
        assert "there is no rehearsal; `make rehearse` begins one" in program.output
