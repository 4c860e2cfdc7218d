"""A rehearsal that ended in order is resumed; a killed one restarts, with the pushed commits."""

from pathlib import Path

import pytest

from rehearsal.demo.failures import DemoError
from rehearsal.pipeline.definition import EmulatorLostError, RehearsalError
from rehearsal.pipeline.rehearsal import RehearsalWorkspace


def test_accounts_and_commits_are_kept_when_the_last_use_ended_in_order(tmp_path: Path) -> None:
    workspace = RehearsalWorkspace.of(tmp_path)
    with workspace.opened() as was_killed:
        assert not was_killed
        (workspace.emulator / "state").mkdir(parents=True)
    with workspace.opened() as was_killed:
        assert not was_killed
        assert (workspace.emulator / "state").exists()


def end_with(error: BaseException, workspace: RehearsalWorkspace) -> None:
    """Make accounts and a repository, then end so."""
    with pytest.raises(type(error)):
        use(workspace, error)


def use(workspace: RehearsalWorkspace, error: BaseException) -> None:
    with workspace.opened():
        (workspace.emulator / "state").mkdir(parents=True, exist_ok=True)
        (workspace.repositories / "example.git").mkdir(parents=True, exist_ok=True)
        raise error


@pytest.mark.parametrize("error", [RehearsalError("a pipeline failed"), KeyboardInterrupt()])
def test_a_failure_and_an_interruption_end_in_order(error: BaseException, tmp_path: Path) -> None:
    workspace = RehearsalWorkspace.of(tmp_path)
    end_with(error, workspace)
    with workspace.opened() as was_killed:
        assert not was_killed
        assert (workspace.emulator / "state").exists()


def test_accounts_are_thrown_away_and_commits_kept_when_the_emulator_was_lost(tmp_path: Path) -> None:
    workspace = RehearsalWorkspace.of(tmp_path)
    end_with(EmulatorLostError("killed"), workspace)
    with workspace.opened() as was_killed:
        assert was_killed
        assert not workspace.emulator.exists()
        assert (workspace.repositories / "example.git").exists()
    with workspace.opened() as was_killed:
        assert not was_killed


def test_two_rehearsals_of_one_clone_are_refused(tmp_path: Path) -> None:
    workspace = RehearsalWorkspace.of(tmp_path)
    with workspace.opened(), pytest.raises(DemoError, match="is in use"), workspace.opened():
        pass
