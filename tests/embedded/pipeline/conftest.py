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
from tests.embedded.pipeline.developer import INSTALL, Developer
from tests.embedded.pipeline.small import Small

_targets = itertools.count(800_000_000_000)


@pytest.fixture(scope="package", autouse=True)
def quick_synthesis() -> Iterator[None]:
    """What is deployed by hand is not validated: it is half of a synthesis, and the builds of a push do it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDK_VALIDATION", "false")
        yield


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
    """The bootstrapped accounts of dev, prod and their pipelines, and an empty repository."""
    folder = tmp_path_factory.mktemp("rehearsal")
    settings = EmulatorSettings(run_directory=folder, skipped_commands=(*CHECKS, INSTALL))
    with Emulator(settings) as emulator:
        made = Rehearsal(load_platform(PROJECT / "config" / "environments.json"), emulator)
        made.create_repository()
        made.bootstrap(["dev", "prod"])
        yield made


@pytest.fixture(scope="package")
def developer(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """Whoever has a clone of this project."""
    made = Developer(tmp_path_factory.mktemp("developer") / "clone", rehearsal)
    made.bring_installed_synthesis(validates=True)
    return made
