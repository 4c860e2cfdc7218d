"""What is known of a deployment's commit and of who deploys it."""

import subprocess
from pathlib import Path

from deployment_account.revision import UNKNOWN_REVISION, Revision


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_synthesis_knows_what_it_is_told() -> None:
    revision = Revision("abc123", "pipeline odp-dev-etl")
    assert Revision.told_by({**revision.variables, "PATH": "/bin"}) == revision
    assert Revision.told_by({}) == UNKNOWN_REVISION


def test_working_tree_is_known_by_its_commit_and_marked_when_it_differs(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "manifest.json").write_text("{}")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert Revision.of_working_tree(tmp_path).commit == commit
    (tmp_path / "manifest.json").write_text("[]")
    assert Revision.of_working_tree(tmp_path).commit == f"{commit}-dirty"


def test_folder_without_git_has_no_commit_but_somebody_who_deploys(tmp_path: Path) -> None:
    revision = Revision.of_working_tree(tmp_path)
    assert revision.commit == ""
    assert revision.requested_by.endswith(", by hand")
