"""The command writes the document, and says when it is stale."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from scripts.idle_cost import __main__ as command
from tests.configuration import KNOWN


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    def resources(configuration: Path) -> dict[str, list[tuple[str, dict[str, str]]]]:
        environment = {KNOWN: "dev"}.get(configuration, configuration.stem)
        return {environment: [("AWS::KMS::Key", {})]}

    monkeypatch.setattr(command, "resources_by_environment", resources)
    app = typer.Typer()
    app.command()(command.main)
    return app


def test_what_was_written_is_not_stale(app: typer.Typer, tmp_path: Path) -> None:
    document = tmp_path / "cost.md"
    assert CliRunner().invoke(app, ["--document", str(document)]).output == "| dev | 1.00 |\n"
    assert "| AWS::KMS::Key | 1 | customer-managed KMS key, each month | 1 | 1.00 |" in document.read_text()
    assert CliRunner().invoke(app, ["--document", str(document), "--check"]).exit_code == 0


@pytest.mark.parametrize("content", ["changed by hand", None])
def test_a_document_that_differs_or_is_missing_is_told_and_left(
    app: typer.Typer, tmp_path: Path, content: str | None
) -> None:
    document = tmp_path / "cost.md"
    if content:
        document.write_text(content)
    result = CliRunner().invoke(app, ["--document", str(document), "--check"])
    assert result.exit_code == 1
    assert "is stale" in result.output
    assert document.exists() == bool(content)
    assert not content or document.read_text() == content


def test_what_a_user_configured_is_shown_and_leaves_the_document(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "DOCUMENT", tmp_path / "cost.md")
    assert CliRunner().invoke(app, ["--config", "mine.json"]).output == "| mine | 1.00 |\n"
    assert list(tmp_path.iterdir()) == []
    assert CliRunner().invoke(app, []).output == "| dev | 1.00 |\n"
    assert "## dev" in (tmp_path / "cost.md").read_text()
