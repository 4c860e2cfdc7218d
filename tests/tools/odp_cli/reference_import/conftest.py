"""Runs `odp config import` on files in the shapes of the reference framework."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from odp_cli.app import app
from typer.testing import CliRunner, Result

from tests.configuration import KNOWN

DATA = Path(__file__).parent / "data"
BATCH, TABLES = DATA / "odpf_batch_config.json", DATA / "odpf_raw_table_config.json"

type_of_file = str | bytes | list[Any] | dict[str, Any]


def run_import(*arguments: str | Path) -> Result:
    """Run the command for the environments of the tests."""
    command = ["config", "import", *map(str, arguments), "--platform", str(KNOWN)]
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, command)


def answer(*arguments: str | Path) -> dict[str, Any]:
    """The command's answer for programs."""
    document: dict[str, Any] = json.loads(run_import(*arguments, "--json").stdout)
    return document


def imported(path: Path, *options: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The manifest and the decisions of an import that is not refused."""
    found = answer(path, *options)
    assert found["refused"] == []
    return found["manifest"], found["decisions"]


def refusals(path: Path, *options: str) -> list[str]:
    """Why an import is refused."""
    refused: list[str] = answer(path, *options)["refused"]
    return refused


def batch(**fields: Any) -> dict[str, Any]:
    """A batch config of the reference; a field that is `...` is left out."""
    return _changed(json.loads(BATCH.read_text()), fields)


def table(**fields: Any) -> dict[str, Any]:
    """A table config of the reference, whose name has a schema; a field that is `...` is left out."""
    return _changed(json.loads(TABLES.read_text())[0] | {"source_table_name": "sales.orders"}, fields)


def _changed(entry: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (entry | fields).items() if value is not ...}


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of the reference: bytes and text as they are, anything else as JSON."""

    def written(content: type_of_file, name: str = "exported.json") -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return written
