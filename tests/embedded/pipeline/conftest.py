"""A small pipeline for each test, in the emulator that all embedded tests share."""

import itertools
from pathlib import Path

import pytest

from rehearsal.emulator.process import Emulator
from tests.embedded.pipeline.small import Small

_targets = itertools.count(800_000_000_000)


@pytest.fixture
def small(emulator: Emulator, account: str, tmp_path: Path) -> Small:
    """Accounts, roles and a repository, without a pipeline yet."""
    clone = tmp_path / "clone"
    clone.mkdir()
    made = Small(emulator, account, str(next(_targets)), clone)
    made.prepare()
    return made
