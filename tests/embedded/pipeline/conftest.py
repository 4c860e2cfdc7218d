"""A small pipeline for each test in the emulator that all embedded tests share; the real ones in their own."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment_account.environments import load_platform
from rehearsal.demo.workspace import PROJECT
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.rehearsal import CHECKS, Rehearsal
from tests.embedded.pipeline.developer import Developer
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


@pytest.fixture(scope="package")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Four bootstrapped accounts and an empty repository."""
    settings = EmulatorSettings(run_directory=tmp_path_factory.mktemp("rehearsal"), skipped_commands=CHECKS)
    with Emulator(settings) as emulator:
        made = Rehearsal(load_platform(PROJECT / "config" / "environments.json"), emulator)
        made.create_repository()
        made.bootstrap()
        yield made


@pytest.fixture(scope="package")
def developer(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """Whoever has a clone of this project."""
    return Developer(tmp_path_factory.mktemp("developer") / "clone", rehearsal)
