"""The clone from which is pushed: only what is committed can be."""

import shutil
import subprocess
from pathlib import Path

from rich.console import Console

from rehearsal.pipeline.errors import RehearsalError

_AUTHOR = ("-c", "user.name=Rehearsal", "-c", "user.email=rehearsal@example.com")
_NOT_COPIED = shutil.ignore_patterns(
    *(".git", ".venv", ".local", "node_modules", "cdk.out", "*_cache", ".hypothesis", "__pycache__", "*.egg-info"),
    "report.html",
)


def committed(clone: Path, console: Console) -> str:
    """The commit of a clone; what is changed on top of it is said to stay out."""
    found = _git(clone, "rev-parse", "HEAD")
    if found.returncode:
        raise RehearsalError(
            f"{clone} is no clone of a git repository, so nothing can be pushed from it: `git init` one"
        )
    changed = _git(clone, "status", "--porcelain", "--untracked-files=no").stdout.splitlines()
    if changed:
        console.print(f"[yellow]{len(changed)} changed files are not committed and therefore not pushed.[/yellow]")
    return found.stdout.strip()


def committed_copy(project: Path, folder: Path) -> Path:
    """A separate repository with the project's present files, committed or not."""
    shutil.copytree(project, folder, ignore=_NOT_COPIED)
    for words in (("init", "--initial-branch=main"), ("add", "--all"), ("commit", "-m", "As it is")):
        run = _git(folder, *_AUTHOR, *words)
        if run.returncode:
            raise RehearsalError(f"`git {' '.join(words)}` failed in {folder}: {run.stderr.strip()}")
    return folder


def _git(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=clone, capture_output=True, text=True, check=False)
