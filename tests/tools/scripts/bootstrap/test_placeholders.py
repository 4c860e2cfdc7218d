"""Nobody is let in under a number that stands in an example: it is the account of a stranger."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from deployment_account.environments import Platform, load_platform
from deployment_account.placeholders import placeholders_in
from scripts.bootstrap import cli
from scripts.bootstrap.accounts import Account, Place
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.placeholders import placeholder_refusal
from scripts.bootstrap.steps import Command
from tests.configuration import KNOWN, PROJECT

OWN, OTHER_OWN = "210987654321", "109876543210"
GUIDE = PROJECT / "docs" / "deployment.md"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", OWN)
    with mock_aws():
        yield


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command lines that would have been run."""
    taken: list[str] = []
    monkeypatch.setattr(Command, "run", lambda command: taken.append(command.shown()))
    return taken


def configured(folder: Path, *, deployment: str, dev: str) -> Path:
    document = json.loads(KNOWN.read_text())
    document["deployment"] |= {"account": deployment, "repository": {"provider": "codecommit", "name": "lake"}}
    document["environments"] = {"dev": document["environments"]["dev"] | {"account": dev}}
    path = folder / "environments.json"
    path.write_text(json.dumps(document))
    return path


def platform_of(folder: Path, *, deployment: str, dev: str) -> Platform:
    return load_platform(configured(folder, deployment=deployment, dev=dev))


@pytest.mark.parametrize("number", ["111111111111", "999999999999", "000000000000", "123456789012"])
def test_numbers_of_examples_are_known(number: str) -> None:
    assert placeholders_in(number) == [number]
    assert placeholders_in(f"arn:aws:codeconnections:us-east-1:{number}:connection/0") == [number]


@pytest.mark.parametrize("number", [OWN, "111111111112", "1111111111111", "000000000000000000", ""])
def test_any_other_number_is_somebodys(number: str) -> None:
    assert placeholders_in(number) == []


def test_an_account_that_would_trust_a_placeholder_is_not_touched(tmp_path: Path, runs: list[str]) -> None:
    path = configured(tmp_path, deployment="111111111111", dev=OWN)
    result = CliRunner().invoke(cli.app, ["target-account", "dev", "--config", str(path)])
    assert isinstance(result.exception, BootstrapError)
    assert "111111111111 in the configuration is the placeholder of an example" in result.exception.what
    assert f"could deploy into aws://{OWN}/us-east-1" in result.exception.what
    assert "configure ENVIRONMENT --set deployment.account=" in result.exception.mend
    assert boto3.client("iam").list_policies(Scope="Local")["Policies"] == []
    assert runs == []


def test_a_dry_run_shows_the_steps_with_a_warning(tmp_path: Path, runs: list[str]) -> None:
    path = configured(tmp_path, deployment="111111111111", dev=OWN)
    result = CliRunner().invoke(cli.app, ["target-account", "dev", "--config", str(path), "--dry-run"])
    assert result.exit_code == 0, result.exception
    assert result.output.startswith("Warning, this would be refused: 111111111111 in the configuration")
    assert "--trust 111111111111" in result.output
    assert runs == []


def test_accounts_of_ones_own_are_bootstrapped(tmp_path: Path, runs: list[str]) -> None:
    path = configured(tmp_path, deployment=OTHER_OWN, dev=OWN)
    result = CliRunner().invoke(cli.app, ["target-account", "dev", "--config", str(path)])
    assert result.exit_code == 0, result.exception
    assert "Warning" not in result.output
    (run,) = runs
    assert run.endswith(f"--trust {OTHER_OWN}")


def test_a_sandbox_configured_as_the_guide_says_is_bootstrapped_and_trusts_nobody(
    tmp_path: Path, runs: list[str]
) -> None:
    path = tmp_path / "environments.json"
    path.write_text(KNOWN.read_text())
    (sandbox,) = re.findall(r"^SANDBOX=.*?^(.+?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    commands = [shlex.split(line) for line in sandbox.replace("\\\n", " ").replace("$SANDBOX", OWN).splitlines()]
    for command in commands[:2]:
        assert command[:3] == ["python", "-m", "scripts.bootstrap"]
        words = [word for word in command[3:] if word not in ("--profile", "lake-dev")]
        result = CliRunner().invoke(cli.app, [*words, "--config", str(path)])
        assert result.exit_code == 0, result.exception
    (run,) = runs
    assert f"bootstrap aws://{OWN}/us-east-1" in run
    assert "--trust" not in run


def test_a_deployment_account_is_refused_under_a_placeholder_too(
    tmp_path: Path, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111111111111")
    path = configured(tmp_path, deployment="111111111111", dev=OWN)
    result = CliRunner().invoke(cli.app, ["deployment-account", "dev", "--config", str(path)])
    assert isinstance(result.exception, BootstrapError)
    assert runs == []


def test_an_emulator_may_hold_any_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = platform_of(tmp_path, deployment="111111111111", dev=OWN)
    account = Account(Place(OWN, "us-east-1"), boto3.Session())
    deployment = platform.deployment
    assert placeholder_refusal(deployment, account)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert placeholder_refusal(deployment, account) is None
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert placeholder_refusal(deployment, account)
