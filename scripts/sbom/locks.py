"""What the lock files pin, and what each package is used for."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

_PROJECT = "odp-data-lake (pyproject.toml"
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$")
_HASH = re.compile(r"--hash=(sha\d+):([0-9a-f]+)")


class Use(StrEnum):
    """Where a package runs, the place that can do the most harm first."""

    SYNTHESIS = "synthesis"
    """In the builds that write the templates which are deployed."""
    FUNCTIONS = "functions"
    """In the Lambda functions that are deployed."""
    COMMANDS = "commands"
    """In people's commands, which bootstrap and operate the lake, and in the pipelines' checks."""
    DEVELOPMENT = "development"
    """In rehearsals, tests and benchmarks only."""


@dataclass(frozen=True)
class LockedPackage:
    """One package of a lock, with the hashes of all its files; a machine installs one of them."""

    ecosystem: str
    name: str
    version: str
    hashes: tuple[tuple[str, str], ...]
    lock: str
    use: Use = Use.DEVELOPMENT
    marker: str = ""
    required_by: tuple[str, ...] = ()


def locked_packages(project: Path) -> tuple[LockedPackage, ...]:
    """Return what the locks of Python packages, npm packages and jars pin."""
    return (*_python(project), *_npm(project), *_jars(project))


def _python(project: Path) -> Iterator[LockedPackage]:
    everything, synthesis = (list(_requirements(project / f"requirements{kind}.txt")) for kind in ("", "-synth"))
    by_synthesis = {package.name for package in synthesis}
    by_commands = _needed_by_project({package.name: package.required_by for package in everything})
    for package in everything:
        use = Use.COMMANDS if package.name in by_commands else Use.DEVELOPMENT
        yield replace(package, use=Use.SYNTHESIS if package.name in by_synthesis else use)
    yield from _requirements(project / "requirements-uv.txt", Use.SYNTHESIS)  # it installs what synthesis needs
    yield from _requirements(project / "requirements-lambda.txt", Use.FUNCTIONS)
    yield from _requirements(project / "requirements-native.txt", Use.FUNCTIONS)
    yield from _requirements(project / "requirements-tools.txt")


def _needed_by_project(required_by: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the packages that the project's own dependencies need; uv marks groups with a colon."""
    needed = {name for name, users in required_by.items() if f"{_PROJECT})" in users}
    while further := {name for name, users in required_by.items() if name not in needed and needed & set(users)}:
        needed |= further
    return needed


def _requirements(lock: Path, use: Use = Use.DEVELOPMENT) -> Iterator[LockedPackage]:
    """Read what uv writes: a line with the version, then hashes, then in comments who needs the package."""
    for block in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip()):
        head, *rest = block.splitlines()
        found = _PINNED.match(head)
        if not found:
            raise ValueError(f"{lock.name}: not a pinned package: {head}")
        hashes = tuple(_HASH.findall(block))
        users = tuple(user for line in rest if (user := _user(line)))
        yield LockedPackage("pypi", found[1], found[2], hashes, lock.name, use, found[3] or "", users)


def _user(line: str) -> str:
    text = line.strip()
    return text.removeprefix("# via").removeprefix("#").strip() if text.startswith("#") and " -c " not in text else ""


def _npm(project: Path) -> Iterator[LockedPackage]:
    lock = project / "package-lock.json"
    for folder, entry in _read(lock)["packages"].items():
        if folder:
            algorithm, _, digest = entry["integrity"].partition("-")
            name = folder.rpartition("node_modules/")[2]
            yield LockedPackage(
                "npm", name, entry["version"], ((algorithm, _hexadecimal(digest)),), lock.name, Use.COMMANDS
            )


def _jars(project: Path) -> Iterator[LockedPackage]:
    lock = project / "jars.lock.json"
    jars = {(jar["name"], jar["version"], jar["sha256"]) for one in _read(lock)["sets"] for jar in one["jars"]}
    for name, version, sha256 in sorted(jars):
        yield LockedPackage("maven", name, version, (("sha256", sha256),), lock.name)


def _read(lock: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lock.read_text(encoding="utf-8"))
    return content


def _hexadecimal(digest: str) -> str:
    return b64decode(digest, validate=True).hex()
