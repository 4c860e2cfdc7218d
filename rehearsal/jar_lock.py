"""The lock of the jars: each by name, version and SHA-256, the transitive ones too."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

LOCK_FILE = Path(__file__).resolve().parent.parent / "jars.lock.json"


@dataclass(frozen=True)
class LockedJar:
    """One jar whose content is known."""

    name: str
    """Group and artifact, as in `org.apache.hadoop:hadoop-aws`."""
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name that Ivy gives to the jar."""
        group, _, artifact = self.name.partition(":")
        return f"{group}_{artifact}-{self.version}.jar"


@dataclass(frozen=True)
class LockedSet:
    """All jars that Ivy finds for some packages, without those that are excluded."""

    packages: tuple[str, ...]
    excluded: tuple[str, ...]
    jars: tuple[LockedJar, ...]

    def is_complete_in(self, folder: Path) -> bool:
        """Whether this folder has every jar, with any content."""
        return all((folder / jar.file_name).is_file() for jar in self.jars)


_LOCK = TypeAdapter(dict[Literal["sets"], tuple[LockedSet, ...]])


def read(lock: Path = LOCK_FILE) -> tuple[LockedSet, ...]:
    """Return all sets of a lock file."""
    return _LOCK.validate_json(lock.read_bytes())["sets"]


def write(sets: Iterable[LockedSet], lock: Path = LOCK_FILE) -> None:
    """Write a lock file."""
    lock.write_bytes(_LOCK.dump_json({"sets": tuple(sets)}, indent=1) + b"\n")


def locked_set(packages: Sequence[str], excluded: Sequence[str], lock: Path = LOCK_FILE) -> LockedSet | None:
    """Return the set of these very packages; None if the lock was written for others."""
    asked = (tuple(packages), tuple(excluded))
    return next((one for one in read(lock) if (one.packages, one.excluded) == asked), None)


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def wrong_contents(locked: LockedSet, folder: Path) -> list[str]:
    """Describe each jar of this folder that has another content than the locked one."""
    return [
        f"{folder / jar.file_name}: expected SHA-256 {jar.sha256}, found {found}"
        for jar in locked.jars
        if (found := sha256(folder / jar.file_name)) != jar.sha256
    ]


def changed_contents(before: Iterable[LockedSet], now: LockedSet) -> list[str]:
    """Describe each jar that has the name and version of a locked one, but another content: no publisher does that."""
    known = {(jar.name, jar.version): jar.sha256 for one in before for jar in one.jars}
    return [
        f"{jar.name} {jar.version}: expected SHA-256 {expected}, found {jar.sha256}"
        for jar in now.jars
        if (expected := known.get((jar.name, jar.version), jar.sha256)) != jar.sha256
    ]
