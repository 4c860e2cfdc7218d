"""The demo command in this process, in a folder of its own, with a step that tests can replace."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rehearsal import cli
from rehearsal.cli import app
from rehearsal.demo import demo as demo_module
from tests.configuration import KNOWN, KNOWN_MANIFESTS
from tests.tools.rehearsal.demo.outcomes import RunDemo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRIPS", "ROWS", "PORT", "KEEP_FAILED", "REHEARSAL_FOLDER", "DIRECT", "FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture(autouse=True)
def configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo rehearses what is deployed; these tests hold whatever that is."""
    for module in (cli, demo_module):
        monkeypatch.setattr(module, "CONFIGURATION", KNOWN)
    monkeypatch.setattr(demo_module, "MANIFESTS", KNOWN_MANIFESTS)


@pytest.fixture
def run_demo(folder: Path) -> RunDemo:
    return lambda *options: CliRunner().invoke(app, ["demo", "--folder", str(folder), "--rows", "1", *options])


@pytest.fixture
def step_that(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Put something in the place of the first step that works outside of this process."""

    def replace(action: Callable[[], object]) -> None:
        monkeypatch.setattr(demo_module, "spark_jars", action)

    return replace
