"""An operator's commands against a running lake, with the names and the credentials that it has."""

import json
from typing import Any

import pytest
from odp_cli.app import app
from typer.testing import CliRunner

from tests.embedded.config_manager.configurations import Configurations, manifest


def answer(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--env", "test", "--json"])
    assert result.exit_code == 0, (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_status_and_quarantine_of_a_running_lake(
    configurations: Configurations, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in configurations.lake.shell_environment().items():
        monkeypatch.setenv(name, value)
    configurations.decided(configurations.upload(manifest(5, {"a": "REGION", "b": "REGION"})))
    tables = {each["source_table_name"]: each for each in answer("status", "--check")["tables"]}
    assert {"many.a", "many.b"} <= tables.keys()
    assert tables["many.a"]["state"] == "ok"
    assert answer("quarantine", "list", "--decided")["entries"] == []
    assert answer("reload", "many.a", "--approve", "--yes")["decided"] == []
