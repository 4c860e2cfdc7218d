"""The bare git repository that stands for the one behind the pipelines' connection."""

import shlex
import subprocess
from pathlib import Path

from rehearsal.pipeline.errors import RehearsalError

_NOTHING = "0" * 40


class Repository:
    """Read by source actions, written by `git push`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, repositories: Path, name: str) -> "Repository":
        """The repository of a connection's `owner/name`."""
        return cls(repositories / f"{name}.git")

    def create(self, hook: list[str]) -> None:
        """Make the repository unless it is there; after every push it runs the hook."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._git("init", "--quiet", "--bare", "--initial-branch=main")
        script = self.folder / "hooks" / "post-receive"
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\nexec {shlex.join(hook)}\n")
        script.chmod(0o755)

    def head(self, branch: str) -> str | None:
        """The newest commit of a branch; None if nobody has pushed it yet."""
        found = self._try("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        return found.decode().strip() or None

    def subject(self, commit: str) -> str:
        """The first line of a commit's message."""
        return self._git("log", "-1", "--format=%s", commit).decode().strip()

    def author_date(self, commit: str) -> str:
        """When a commit was written."""
        return self._git("log", "-1", "--format=%aI", commit).decode().strip()

    def archive(self, commit: str) -> bytes:
        """All files of a commit, without history, as CodePipeline hands them on (CODE_ZIP)."""
        return self._git("archive", "--format=zip", commit)

    def changed_files(self, old: str, new: str) -> tuple[str, ...]:
        """The files that a push changed; all of them when it made the branch."""
        listing = ("ls-tree", "-r", new) if old == _NOTHING else ("diff", old, new)
        return tuple(self._git(*listing, "-z", "--name-only").decode().rstrip("\0").split("\0"))

    def _git(self, *arguments: str) -> bytes:
        run = subprocess.run(["git", "--git-dir", self.folder, *arguments], capture_output=True, check=False)
        if run.returncode:
            command = shlex.join(("git", *arguments))
            raise RehearsalError(f"`{command}` failed in {self.folder}: {run.stderr.decode(errors='replace').strip()}")
        return run.stdout

    def _try(self, *arguments: str) -> bytes:
        return subprocess.run(["git", "--git-dir", self.folder, *arguments], capture_output=True, check=False).stdout
