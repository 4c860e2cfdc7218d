"""Installs the packages of a lock file into a folder, and reuses it until the lock changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

CACHE_VARIABLE = "LOCKED_PACKAGES"
"""Names another folder in which packages are kept, for a clone that is thrown away after one synthesis."""
_OWN_CACHE = Path(__file__).resolve().parents[1] / ".local" / "packages"
CACHE = Path(os.environ.get(CACHE_VARIABLE, _OWN_CACHE))
_PYTHON = "3.11"
# what differs from one installation to the next, and commands, which name the Python that installed them
_LEFT_OUT = (
    "bin",
    ".lock",
    *(f"*.dist-info/{name}" for name in ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json")),
    "**/tests",
    "**/__pycache__",
)


class PackagesNotInstalledError(Exception):
    """The packages of a lock cannot be installed; the message is what uv said."""


def installed(
    lock: Path,
    *,
    cache: Path = CACHE,
    platform: str | None = None,
    python: str = _PYTHON,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """Return the folder with the lock's packages for a platform of uv's and a Python, or for this machine.

    Two folders of one lock, platform and Python are the same, file by file. Only wheels whose hashes the lock has are
    taken.
    """
    # with this file, because clones of other versions may share the cache
    rule = Path(__file__).read_text(encoding="utf-8")
    wanted = f"{platform or sys.platform}\n{python}\n{lock.read_text(encoding='utf-8')}\n{rule}"
    folder = cache / f"{lock.stem}-{platform or 'this-machine'}-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache, prefix=".installing-") as unfinished:
            _install(lock, Path(unfinished) / "packages", (platform, python), environment)
            _move(Path(unfinished) / "packages", folder)
    return folder


def _install(lock: Path, target: Path, of: tuple[str | None, str], environment: Mapping[str, str] | None) -> None:
    platform, python = of
    command = [
        sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable, "--target", str(target),
        "--python-version", python, *(("--python-platform", platform) if platform else ()),
        "--only-binary", ":all:", "--require-hashes", "--no-deps", "--link-mode", "copy", "--requirements", str(lock),
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagesNotInstalledError(
            f"{lock}: uv cannot install these packages for {platform or 'this machine'}, which takes uv beside "
            f"{sys.executable} and a registry that it reaches:\n{done.stderr.strip()}"
        )
    for pattern in _LEFT_OUT:
        for found in list(target.glob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink()


def _move(unfinished: Path, folder: Path) -> None:
    """Put a whole folder in place at once: another process may have been faster, with the same files."""
    try:
        unfinished.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
