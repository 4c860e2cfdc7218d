"""The command line itself: what is asked of AWS is proved in the embedded tests."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.bootstrap import cli
from scripts.bootstrap.errors import BootstrapError
from tests.unit.scripts.conftest import CONFIGURATION

COMMANDS = (
    "configure",
    "deployment-account",
    "target-account",
    "secrets",
    "tear-down",
    "cdk",
    "install-cdk",
    "check",
    "execution-policy",
)
CHANGING = COMMANDS[:7]


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "environments.json"
    path.write_text(CONFIGURATION.read_text())
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(runner: CliRunner, command: str) -> None:
    result = runner.invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0
    assert ("--dry-run" in result.output) == (command in CHANGING)


def test_a_dry_run_of_configure_shows_the_file_and_leaves_it(runner: CliRunner, config: Path) -> None:
    before = config.read_text()
    arguments = ["configure", "dev", "--no-ask", "--set", "environment.branch=develop", "--config", str(config)]
    result = runner.invoke(cli.app, [*arguments, "--dry-run"])
    assert result.exit_code == 0, result.output
    assert f"would run: write {config}" in result.output
    assert '"branch": "develop"' in result.output
    assert config.read_text() == before

    assert runner.invoke(cli.app, arguments).exit_code == 0
    assert json.loads(config.read_text())["environments"]["dev"]["branch"] == "develop"
    assert "There is nothing to do." in runner.invoke(cli.app, arguments).output


def test_configure_asks_for_what_is_not_given(runner: CliRunner, config: Path) -> None:
    answers = "\n".join(["555555555555", *[""] * 5])
    result = runner.invoke(cli.app, ["configure", "staging", "--config", str(config)], input="\n" * 6 + answers + "\n")
    assert result.exit_code == 0, result.output
    staging = json.loads(config.read_text())["environments"]["staging"]
    assert (staging["account"], staging["vpc_cidr"], staging["branch"]) == ("555555555555", "10.40.0.0/16", "staging")


def test_the_execution_policy_is_printed_with_its_reasons(runner: CliRunner) -> None:
    result = runner.invoke(cli.app, ["execution-policy", "dev", "--config", str(CONFIGURATION)])
    assert result.exit_code == 0
    assert "odp-dev-deployment-network" in result.output
    assert "because EC2 describes whole Regions" in result.output


def test_a_value_on_standard_input_needs_the_name_of_its_secret(runner: CliRunner) -> None:
    result = runner.invoke(cli.app, ["secrets", "dev", "--stdin"])
    assert isinstance(result.exception, BootstrapError)
    assert "name it with --secret" in result.exception.mend


def test_no_option_takes_the_value_of_a_secret(runner: CliRunner) -> None:
    options = set(re.findall(r"--[a-z-]+", runner.invoke(cli.app, ["secrets", "--help"]).output))
    assert options == {"--secret", "--stdin", "--config", "--profile", "--dry-run", "--help"}


def test_a_known_failure_is_one_message_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bootstrap", "target-account", "staging", "--config", str(CONFIGURATION)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Failed: there is no environment staging; there are dev, test, prod")
    assert "To mend it: " in shown


def test_credentials_that_do_not_work_are_told_with_what_mends_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "sys.argv", ["bootstrap", "check", "--profile", "nobody-has-this-profile", "--config", str(CONFIGURATION)]
    )
    with pytest.raises(SystemExit):
        cli.main()
    shown = capsys.readouterr().err
    assert "no working credentials for account 111111111111, the deployment account" in shown
    assert "--profile" in shown
