"""An environment with a secondary Region, and the command line beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from odp_cli.operate import moments, regions

from tests.tools.odp_cli.regions.world import Session, World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = World(tmp_path)

        def session_of(environment: Any, _: object) -> Session:
            return Session(made, environment.region)

        monkeypatch.setattr(regions, "session_of", session_of)
        monkeypatch.setattr(moments, "PAUSE_SECONDS", 15.0)
        monkeypatch.setattr(moments, "sleep", made.sleep)
        monkeypatch.setattr(moments, "monotonic", lambda: made.seconds)
        yield made
