"""Whatever ends the emulator in the middle of an execution, nothing is left running and the next start repairs it."""

import itertools
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.repository import hook
from tests.embedded.pipeline.small import PIPELINE, Small, said, told

SLOW = {"version": "0.2", "phases": {"build": {"commands": ["echo $$ > $PIDS/build", "sleep 300"]}}}
_accounts = itertools.count(100_000_000_001)


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(EmulatorSettings(run_directory=tmp_path / "emulator")) as emulator:
        yield emulator


@pytest.fixture
def interrupted(own_emulator: Emulator, tmp_path: Path) -> tuple[Small, int]:
    """A pipeline whose build is running, and the process id of the build."""
    clone = tmp_path / "clone"
    clone.mkdir()
    small = Small(own_emulator, str(next(_accounts)), str(next(_accounts)), clone)
    small.build_spec = {**SLOW, "env": {"variables": {"PIDS": str(tmp_path)}}}
    small.prepare()
    small.push()
    small.deploy(small.stages(with_deployment=False))
    small.until_reached(small.executions()[0]["pipelineExecutionId"], "Build")
    file = tmp_path / "build"
    until(lambda: file.exists() and bool(file.read_text()))
    return small, int(file.read_text())


def until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_a_stopped_emulator_stops_its_build_and_knows_its_pipelines_when_it_starts_again(
    interrupted: tuple[Small, int],
) -> None:
    small, build = interrupted
    small.emulator.stop()
    assert not is_running(build)
    small.emulator.start()
    status, actions = small.result()
    assert status == "Stopped"
    assert actions["Build"]["status"] == "Abandoned"
    assert "push again, or start the pipeline anew" in said(actions["Build"])
    small.build_spec = {"version": "0.2", "phases": {"build": {"commands": ["true"]}},
                        "artifacts": {"files": ["source.json"]}}  # fmt: skip
    small.deploy(small.stages(with_deployment=False))
    status, actions = small.run()
    assert status == "Succeeded", told(actions)
    assert [each["status"] for each in small.executions()] == ["Succeeded", "Stopped"]


def test_a_killed_emulator_leaves_no_build_behind(interrupted: tuple[Small, int]) -> None:
    small, build = interrupted
    small.emulator.kill()
    until(lambda: not is_running(build))


def test_a_push_without_an_emulator_is_kept_and_told_and_the_next_one_starts_the_pipeline(
    interrupted: tuple[Small, int],
) -> None:
    small, _build = interrupted
    port = small.emulator.settings.run_directory / "port"
    small.repository.create(hook(port, small.account, "us-east-1", small.repository_name))
    small.emulator.stop()
    commit = small.push(other="change")
    assert small.repository.head("main") == commit
    again = subprocess.run(
        ["git", "push", "--force", str(small.repository.folder), "HEAD~1:refs/heads/main"],
        cwd=small.clone, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "no pipeline was started" in again.stderr
    assert "Is `make rehearse` running?" in again.stderr
    small.emulator.start()
    assert small.codepipeline.list_pipelines()["pipelines"][0]["name"] == PIPELINE
