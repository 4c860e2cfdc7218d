"""The repository behind the connection: a real one, that real pushes write."""

import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from rehearsal.pipeline.definition import RehearsalError
from rehearsal.pipeline.repository import Repository, pushes


def git(clone: Path, *words: str) -> str:
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    run = subprocess.run(["git", *author, *words], cwd=clone, capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository.of(tmp_path / "repositories", "example/data-lake")
    made.create(["sh", "-c", f"cat > {tmp_path}/heard"])
    return made


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "a file.txt").write_text("one")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "First")
    return folder


def test_a_push_is_heard_by_the_hook(repository: Repository, clone: Path, tmp_path: Path) -> None:
    git(clone, "push", "--quiet", str(repository.folder), "main")
    commit = git(clone, "rev-parse", "HEAD")
    assert (tmp_path / "heard").read_text() == f"{'0' * 40} {commit} refs/heads/main\n"
    assert repository.head("main") == commit
    assert repository.head("prod") is None
    assert repository.subject(commit) == "First"


def test_a_commit_is_archived_without_its_history(repository: Repository, clone: Path) -> None:
    git(clone, "push", "--quiet", str(repository.folder), "main")
    with zipfile.ZipFile(io.BytesIO(repository.archive(git(clone, "rev-parse", "HEAD")))) as archive:
        assert archive.namelist() == ["a file.txt"]


def test_a_new_branch_changes_every_file_and_a_later_push_what_differs(repository: Repository, clone: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    (clone / "ü.txt").write_text("two")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message", "Second")
    second = git(clone, "rev-parse", "HEAD")
    git(clone, "push", "--quiet", str(repository.folder), "main")
    assert repository.changed_files("0" * 40, second) == ("a file.txt", "ü.txt")
    assert repository.changed_files(first, second) == ("ü.txt",)


def test_the_hook_tells_branches_and_neither_tags_nor_deletions(repository: Repository, clone: Path) -> None:
    git(clone, "push", "--quiet", str(repository.folder), "main")
    commit, nothing = git(clone, "rev-parse", "HEAD"), "0" * 40
    lines = [
        f"{nothing} {commit} refs/heads/feature/x",
        f"{nothing} {commit} refs/tags/v1",
        f"{commit} {nothing} refs/heads/old",
    ]
    (found,) = pushes(lines, repository, "example/data-lake")
    assert (found.branch, found.commit, found.changed_files) == ("feature/x", commit, ("a file.txt",))


def test_making_the_repository_again_keeps_what_was_pushed(repository: Repository, clone: Path) -> None:
    git(clone, "push", "--quiet", str(repository.folder), "main")
    repository.create(["true"])
    assert repository.head("main")


def test_what_git_refuses_is_told(repository: Repository) -> None:
    with pytest.raises(RehearsalError, match="git log"):
        repository.subject("f" * 40)


NO_COMMITS = [
    "--output={outside}", "--output={outside}\n", "-o{outside}", "--remote=.", "--exec=touch {outside}", "-p", "--help",
    "main", "HEAD", "refs/heads/main", "main:a file.txt", "HEAD^", "@", "", " ", "abc1234", "g" * 40, "A" * 40,
    "0" * 39, "0" * 41, "0" * 64, "0" * 40 + "\n", "\n" + "0" * 40, "0" * 40 + "^{{tree}}", "٠" * 40,
]  # fmt: skip


@pytest.mark.parametrize("given", NO_COMMITS)
@pytest.mark.parametrize("method", ["archive", "subject", "author_date"])
def test_only_forty_hexadecimal_digits_are_a_commit(
    repository: Repository, clone: Path, tmp_path: Path, given: str, method: str
) -> None:
    git(clone, "push", "--quiet", str(repository.folder), "main")
    outside = tmp_path / "outside"
    with pytest.raises(RehearsalError, match="40 hexadecimal digits"):
        getattr(repository, method)(given.format(outside=outside))
    assert not outside.exists()


@pytest.mark.parametrize("given", NO_COMMITS)
def test_what_a_push_names_is_a_commit_too(repository: Repository, clone: Path, tmp_path: Path, given: str) -> None:
    git(clone, "push", "--quiet", str(repository.folder), "main")
    outside, commit = tmp_path / "outside", git(clone, "rev-parse", "HEAD")
    for old, new in ((given, commit), (commit, given), ("0" * 40, given)):
        with pytest.raises(RehearsalError, match="40 hexadecimal digits"):
            repository.changed_files(old.format(outside=outside), new.format(outside=outside))
    assert not outside.exists()


@pytest.mark.parametrize("name", ["../../outside", "a/../../outside", "/etc/x", "", "a//b", "a/..", "-a/b/..", "a/b\n"])
def test_a_repository_is_inside_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(RehearsalError, match="names no repository"):
        Repository.of(tmp_path, name)


def test_nothing_of_the_repository_is_open_to_others_and_pushes_may_still_be_forced(
    repository: Repository, clone: Path
) -> None:
    git(clone, "push", "--quiet", str(repository.folder), "main")
    git(clone, "commit", "--quiet", "--amend", "--message", "Other")
    git(clone, "push", "--quiet", "--force", str(repository.folder), "main")
    assert repository.subject(git(clone, "rev-parse", "HEAD")) == "Other"
    modes = {path: path.lstat().st_mode for path in [repository.folder, *repository.folder.rglob("*")]}
    assert [path for path, mode in modes.items() if mode & 0o077] == []
