"""The bare git repository that stands for the one behind the pipelines' connection, and what it runs after a push."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.demo.workspace import PROJECT
from rehearsal.emulator.account_root import client_of_run
from rehearsal.pipeline.definition import Push, RehearsalError, started_source
from rehearsal.private_files import PRIVATE_MASK, make_private_folder

# The bare git repository that stands for the one behind the pipelines' connection.

_NOTHING = "0" * 40
_COMMIT = re.compile("[0-9a-f]{40}")
_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)


class Repository:
    """Read by source actions, written by `git push`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, repositories: Path, name: str) -> "Repository":
        """The repository of a connection's `owner/name`."""
        if not _NAME.fullmatch(name):
            raise RehearsalError(f"{name!r} names no repository: owner/name is expected")
        return cls(repositories / f"{name}.git")

    def create(self, hook: list[str]) -> None:
        """Make the repository unless it is there; after every push it runs the hook."""
        make_private_folder(self.folder)
        # whatever the mask of who pushes; git's samples of hooks would be open to all
        self._git("init", "--quiet", "--bare", "--initial-branch=main", "--shared=0600", "--template=")
        self._git("config", "receive.denyNonFastForwards", "false")  # which a shared repository begins with
        script = self.folder / "hooks" / "post-receive"
        make_private_folder(script.parent)
        script.write_text(f"#!/bin/sh\nexec {shlex.join(hook)}\n")
        script.chmod(0o700)

    def head(self, branch: str) -> str | None:
        """The newest commit of a branch; None if nobody has pushed it yet."""
        found = self._try("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        return found.decode().strip() or None

    def subject(self, commit: str) -> str:
        """The first line of a commit's message."""
        return self._git("log", "-1", "--format=%s", "--end-of-options", _named(commit)).decode().strip()

    def author_date(self, commit: str) -> str:
        """When a commit was written."""
        return self._git("log", "-1", "--format=%aI", "--end-of-options", _named(commit)).decode().strip()

    def archive(self, commit: str) -> bytes:
        """All files of a commit, without history, as CodePipeline hands them on (CODE_ZIP)."""
        return self._git("archive", "--format=zip", "--end-of-options", _named(commit))

    def changed_files(self, old: str, new: str) -> tuple[str, ...]:
        """The files that a push changed; all of them when it made the branch."""
        commits = (_named(new),) if old == _NOTHING else (_named(old), _named(new))
        listing = ("ls-tree", "-r") if old == _NOTHING else ("diff",)
        listed = self._git(*listing, "-z", "--name-only", "--end-of-options", *commits)
        return tuple(listed.decode().rstrip("\0").split("\0"))

    def _git(self, *arguments: str) -> bytes:
        command = ["git", "--git-dir", str(self.folder), *arguments]
        run = subprocess.run(command, capture_output=True, check=False, umask=PRIVATE_MASK)
        if run.returncode:
            shown = shlex.join(("git", *arguments))
            raise RehearsalError(f"`{shown}` failed in {self.folder}: {run.stderr.decode(errors='replace').strip()}")
        return run.stdout

    def _try(self, *arguments: str) -> bytes:
        return subprocess.run(["git", "--git-dir", self.folder, *arguments], capture_output=True, check=False).stdout


def is_commit(text: str) -> bool:
    """Whether a text is the whole name of a commit."""
    return _COMMIT.fullmatch(text) is not None


def _named(commit: str) -> str:
    """Demand the whole name of a commit: git takes options, files and other expressions in the same place."""
    if not is_commit(commit):
        raise RehearsalError(f"{commit!r} names no commit: 40 hexadecimal digits are expected")
    return commit


# What the repository runs after a push, in the place of AWS's connection: it starts the pipelines it is for.

_BRANCH = "refs/heads/"
_DELETED = "0" * 40


def hook(port_file: Path, account: str, region: str, name: str) -> list[str]:
    """The command line that a repository runs after a push."""
    words = (str(port_file), account, region, name)
    return ["env", f"PYTHONPATH={PROJECT}", sys.executable, "-m", "rehearsal.pipeline.repository", *words]


def pushes(lines: Iterable[str], repository: Repository, name: str) -> Iterator[Push]:
    """The branches that got new commits, from what git tells a hook."""
    for line in lines:
        old, new, reference = line.split()
        if reference.startswith(_BRANCH) and new != _DELETED:
            yield Push(name, reference.removeprefix(_BRANCH), new, repository.changed_files(old, new))


def start_pipelines(codepipeline: Any, push: Push) -> Iterator[str]:  # noqa: ANN401 - boto3 makes clients at run time
    """Start every pipeline that a push is for and give their names."""
    for listed in codepipeline.list_pipelines()["pipelines"]:
        document = codepipeline.get_pipeline(name=listed["name"])["pipeline"]
        if source := started_source(document, push):
            revision = {"actionName": source, "revisionType": "COMMIT_ID", "revisionValue": push.commit}
            codepipeline.start_pipeline_execution(name=listed["name"], sourceRevisions=[revision])
            yield str(listed["name"])


def main(port_file: str, account: str, region: str, name: str) -> None:
    """Say what was started; a push is kept whatever happens here."""
    try:
        codepipeline = client_of_run(Path(port_file).parent, "codepipeline", account, region)
        for push in pushes(sys.stdin, Repository(Path.cwd()), name):
            started = list(start_pipelines(codepipeline, push))
            _say(f"{push.branch} {push.commit[:8]} starts {', '.join(started) or 'no pipeline'}")
    except (BotoCoreError, ClientError, OSError, RehearsalError) as error:
        _say(f"no pipeline was started: {error}. Is `make rehearse` running? It goes on with what was pushed.")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
