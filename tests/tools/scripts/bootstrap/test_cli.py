"""The command line itself: the embedded tests prove the requests to AWS."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deployment_account.environments import load_platform
from scripts.bootstrap import cli
from scripts.bootstrap.errors import BootstrapError
from tests.configuration import KNOWN

COMMANDS = (
    "configure",
    "deployment-account",
    "target-account",
    "secrets",
    "tear-down",
    "cdk",
    "install-cdk",
    "smoke",
    "check",
    "execution-policy",
)
CHANGING = COMMANDS[:8]
OWN, OTHER_OWN = "210987654321", "109876543210"
CONNECTION = f"arn:aws:codeconnections:us-east-1:{OWN}:connection/00000000-0000-0000-0000-000000000000"


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "environments.json"
    path.write_text(KNOWN.read_text())
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
    platform = ["", OWN, "", "", "owner/lake", CONNECTION]
    environment = [OTHER_OWN, *[""] * 5]
    arguments = ["configure", "staging", "--config", str(config)]
    result = runner.invoke(cli.app, arguments, input="\n".join([*platform, *environment, ""]))
    assert result.exit_code == 0, result.output
    written = json.loads(config.read_text())
    staging = written["environments"]["staging"]
    assert written["deployment"]["account"] == OWN
    assert (staging["account"], staging["vpc_cidr"], staging["branch"]) == (OTHER_OWN, "10.40.0.0/16", "staging")


def test_an_environment_is_removed_and_a_dry_run_shows_what_is_left(runner: CliRunner, config: Path) -> None:
    before = config.read_text()
    arguments = ["configure", "--remove", "test", "--remove", "prod", "--config", str(config)]
    result = runner.invoke(cli.app, [*arguments, "--dry-run"])
    assert result.exit_code == 0, result.output
    assert '"dev"' in result.output
    assert '"prod"' not in result.output
    assert config.read_text() == before
    assert runner.invoke(cli.app, arguments).exit_code == 0
    assert list(json.loads(config.read_text())["environments"]) == ["dev"]
    assert load_platform(config)
    again = runner.invoke(cli.app, arguments)
    assert again.exit_code == 0
    assert "There is no environment prod to remove." in again.output
    assert "There is nothing to do." in again.output


def test_a_removal_that_leaves_an_invalid_file_is_not_written(runner: CliRunner, config: Path) -> None:
    before = config.read_text()
    invalid = ["configure", "dev", "--no-ask", "--remove", "prod", "--set", "environment.account=22"]
    result = runner.invoke(cli.app, [*invalid, "--config", str(config)])
    assert isinstance(result.exception, BootstrapError)
    assert "nothing was written" in result.exception.what
    assert config.read_text() == before


def test_a_file_without_environments_gets_its_first(runner: CliRunner, config: Path) -> None:
    without_any = {key: value for key, value in json.loads(config.read_text()).items() if key != "environments"}
    config.write_text(json.dumps(without_any))
    arguments = ["configure", "dev", "--no-ask", "--set", f"environment.account={OWN}", "--config", str(config)]
    assert runner.invoke(cli.app, arguments).exit_code == 0
    assert list(load_platform(config).environments) == ["dev"]


@pytest.mark.parametrize("arguments", [[], ["--set", "name=lake"], ["--remove", "test", "--set", "name=lake"]])
def test_configuring_nothing_is_told(runner: CliRunner, config: Path, arguments: list[str]) -> None:
    result = runner.invoke(cli.app, ["configure", *arguments, "--config", str(config)])
    assert isinstance(result.exception, BootstrapError)
    assert "no environment is named" in result.exception.what


def test_the_execution_policy_is_printed_with_its_reasons(runner: CliRunner) -> None:
    result = runner.invoke(cli.app, ["execution-policy", "dev", "--config", str(KNOWN)])
    assert result.exit_code == 0
    assert "odp-dev-deployment-network" in result.output
    assert "odp-dev-pipelines-us-east-1-deployment-delivery" in result.output
    assert "odp-dev-pipeline-boundary" in result.output
    assert "because EC2 describes whole Regions" in result.output


def test_each_policy_is_printed_as_a_document_that_can_be_pasted(runner: CliRunner) -> None:
    output = runner.invoke(cli.app, ["execution-policy", "prod", "--config", str(KNOWN)]).output
    _, _, after_the_name = output.partition("odp-prod-approver (")
    document, _ = json.JSONDecoder().raw_decode(after_the_name[after_the_name.index("{") :])
    assert document["Version"] == "2012-10-17"
    assert {"codepipeline:PutApprovalResult"} <= {each for one in document["Statement"] for each in one["Action"]}


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
    monkeypatch.setattr("sys.argv", ["bootstrap", "target-account", "staging", "--config", str(KNOWN)])
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
        "sys.argv", ["bootstrap", "check", "--profile", "nobody-has-this-profile", "--config", str(KNOWN)]
    )
    with pytest.raises(SystemExit):
        cli.main()
    shown = capsys.readouterr().err
    assert "there are no working credentials in profile nobody-has-this-profile" in shown
    assert "--profile" in shown
