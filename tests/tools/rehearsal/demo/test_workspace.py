"""One clone, one lake, one process; and a failed run leaves nothing."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from rehearsal.demo import workspace as workspace_module
from rehearsal.demo.failures import DemoError
from rehearsal.demo.workspace import FULL_BYTES, NEEDED_BYTES, PROJECT, Workspace


class Usage(NamedTuple):
    free: int


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.of(tmp_path / "a" / "b")


def only_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))


def run(
    workspace: Workspace,
    action: Callable[[], object] = lambda: None,
    *,
    keep: bool = False,
    look: Callable[[Exception], object] = lambda _: None,
    say: Callable[[str], object] = lambda _: None,
) -> None:
    with workspace.alone(), workspace.put_away_on_failure(keep=keep, look=look, say=say):
        workspace.begin()
        action()


def fail(error: BaseException | None = None) -> None:
    raise error or ValueError("failed")


def test_clone_has_a_place_of_its_own_and_a_user_may_name_another(tmp_path: Path) -> None:
    assert Workspace.of(None) == Workspace(PROJECT / ".local" / "lake", PROJECT / "report.html")
    assert Workspace.of(tmp_path) == Workspace(tmp_path / "lake", tmp_path / "report.html")


def test_second_run_is_kept_out_and_touches_nothing(workspace: Workspace) -> None:
    with workspace.alone():
        workspace.begin()
        with pytest.raises(DemoError, match="in use by another demo or lake of this clone"), workspace.alone():
            pytest.fail("two runs in one folder")
        assert workspace.folder.exists()
    with workspace.alone():
        pass


def test_beginning_removes_the_lake_of_the_last_run(workspace: Workspace) -> None:
    with workspace.alone():
        workspace.begin()
        (workspace.folder / "old").touch()
        workspace.begin()
        assert list(workspace.folder.iterdir()) == []


def test_disk_without_room_for_a_demo_is_told_in_gigabytes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_free(monkeypatch, NEEDED_BYTES - 100_000_000)
    said = r"1\.4 GB are free at .*, but a demo needs 1\.5 GB; make room"
    with workspace.alone(), pytest.raises(DemoError, match=said):
        workspace.begin()


def test_failed_run_is_looked_at_and_then_removed(workspace: Workspace) -> None:
    seen: list[bool] = []
    with pytest.raises(ValueError, match="failed"):
        run(workspace, fail, look=lambda _: seen.append(workspace.folder.exists()))
    assert seen == [True]
    assert not workspace.folder.exists()


def test_failed_run_is_removed_even_if_looking_at_it_fails(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError):
        run(workspace, fail, look=lambda _: 1 / 0)
    assert not workspace.folder.exists()


def test_failed_run_stays_for_a_person_who_wants_to_keep_it(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="failed"):
        run(workspace, fail, keep=True)
    assert workspace.folder.exists()


def test_interrupted_run_is_removed_without_a_look(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(workspace, lambda: fail(KeyboardInterrupt()), look=lambda _: pytest.fail("nothing failed"))
    assert not workspace.folder.exists()


def test_whatever_fails_on_a_full_disk_fails_because_the_disk_is_full(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_on_full_disk() -> None:
        only_free(monkeypatch, FULL_BYTES - 1)
        fail(ValueError("An error occurred (500) when calling the PutObject operation"))

    with pytest.raises(DemoError, match="the disk is full; make room"):
        run(workspace, fail_on_full_disk)
    assert not workspace.folder.exists()


@pytest.fixture
def every_run_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_module, "LONG_SECONDS", 0)


@pytest.mark.usefixtures("every_run_is_long")
@pytest.mark.parametrize("failure", [ValueError("failed"), KeyboardInterrupt()])
def test_failed_run_that_took_long_is_kept_and_says_where_how_to_open_and_how_to_remove_it(
    workspace: Workspace, failure: BaseException
) -> None:
    """A run of the post's own size lost 45 minutes of work because its last step failed."""
    said: list[str] = []
    with pytest.raises(type(failure)):
        run(workspace, lambda: fail(failure), say=said.append)
    assert workspace.folder.exists()
    (kept,) = said
    assert f"is kept in {workspace.folder}, with all its logs: " in kept
    assert f"make lake REHEARSAL_FOLDER={workspace.folder.parent} opens it, rm -r {workspace.folder} removes it" in kept


@pytest.mark.usefixtures("every_run_is_long")
def test_long_run_that_filled_the_disk_is_removed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_on_full_disk() -> None:
        only_free(monkeypatch, FULL_BYTES - 1)
        fail()

    with pytest.raises(DemoError, match="the disk is full"):
        run(workspace, fail_on_full_disk, say=lambda _: pytest.fail("nothing is kept"))
    assert not workspace.folder.exists()


def test_lake_of_the_clone_is_opened_without_naming_a_folder(tmp_path: Path) -> None:
    assert Workspace.of(None).reopening == "make lake"
    assert Workspace.of(tmp_path / "a b").reopening == f"make lake REHEARSAL_FOLDER='{tmp_path / 'a b'}'"


def test_finished_run_stays(workspace: Workspace) -> None:
    run(workspace)
    assert workspace.folder.exists()


def test_what_is_written_in_the_workspace_is_open_to_nobody_else(tmp_path: Path) -> None:
    """Also in a folder that an earlier version left open."""
    workspace = Workspace.of(tmp_path)
    workspace.folder.mkdir(mode=0o755)
    with workspace.alone():
        assert workspace.folder.stat().st_mode & 0o077 == 0
        workspace.begin()
        workspace.database.touch()
        workspace.assemblies.mkdir()
        workspace.report.write_text("report")
        subprocess.run(["touch", str(workspace.folder / "of a child")], check=True)
    written = [workspace.folder, workspace.report, *workspace.folder.rglob("*")]
    assert len(written) == 5
    assert [path for path in written if path.stat().st_mode & 0o077] == []
