"""What npm does in this project is what .npmrc allows: a package that is installed runs none of its own scripts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.configuration import PROJECT

SCRIPTS = ("preinstall", "install", "postinstall", "prepare")


def package(folder: Path, planted: Path) -> Path:
    """A package that leaves a file behind for each script of its own that npm runs."""
    source = folder / "package"
    source.mkdir()
    scripts = {name: f"echo ran > {planted}-{name}" for name in SCRIPTS}
    (source / "package.json").write_text(json.dumps({"name": "evil", "version": "1.0.0", "scripts": scripts}))
    archive = folder / "evil-1.0.0.tgz"
    with tarfile.open(archive, "w:gz") as written:
        written.add(source, "package")
    return archive


def test_a_package_that_is_installed_runs_nothing(tmp_path: Path) -> None:
    """Whoever takes over a package of npm would otherwise run code on every machine that installs it."""
    archive = package(tmp_path, tmp_path / "planted")
    project, home = tmp_path / "project", tmp_path / "home"
    for each in (project, home):
        each.mkdir()
    shutil.copy(PROJECT / ".npmrc", project)
    (project / "package.json").write_text(json.dumps({"name": "lake", "private": True}))
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    command = ["npm", "install", "--offline", "--silent", str(archive)]
    subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True, timeout=120)
    assert (project / "node_modules" / "evil" / "package.json").exists()
    assert sorted(path.name for path in tmp_path.glob("planted*")) == []
