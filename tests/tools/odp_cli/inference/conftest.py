"""An empty landing folder for each test."""

from pathlib import Path

import pytest

from tests.tools.odp_cli.inference.landing import Landing


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    folder = tmp_path / "landed"
    folder.mkdir()
    return Landing(folder)
