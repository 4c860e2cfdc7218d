"""Writes the lock of the jars: `python -m rehearsal.lock_jars` asks Ivy, and hashes what it brings."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rehearsal import jar_lock
from rehearsal.jar_lock import LOCK_FILE
from rehearsal.jars import DELTA, PACKAGES, JarsError, resolve

SETS: tuple[Sequence[str], ...] = (PACKAGES, DELTA)


def lock_jars(lock: Path = LOCK_FILE) -> None:
    """Write the lock; a version that is locked already must have kept its content."""
    before = jar_lock.read(lock) if lock.exists() else ()
    sets = [resolve(packages) for packages in SETS]
    if changed := [line for one in sets for line in jar_lock.changed_contents(before, one)]:
        raise JarsError(f"a published jar has changed: {'; '.join(changed)}. {lock.name} is left as it was")
    jar_lock.write(sets, lock)


if __name__ == "__main__":
    try:
        lock_jars()
    except JarsError as error:
        sys.exit(str(error))
