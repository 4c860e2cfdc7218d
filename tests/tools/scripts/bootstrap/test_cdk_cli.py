"""Only the pinned CDK command line is run, by a node that is there and new enough."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scripts.bootstrap import cdk_cli, checks
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.findings import State
from tests.configuration import PROJECT


@pytest.mark.parametrize(("installed", "state"), [(None, "✗"), ("3.0.0", "✗"), (cdk_cli.pinned_version(), "✓")])
def test_only_the_pinned_command_line_is_fine(
    monkeypatch: pytest.MonkeyPatch, installed: str | None, state: str
) -> None:
    monkeypatch.setattr(cdk_cli, "installed_version", lambda: installed)
    finding = checks._cli()
    assert finding.state == state
    assert ("install-cdk" in finding.mend) == (state == "✗")


@pytest.mark.parametrize(("answer", "state"), [("v24.1.0", "✓"), ("v22.0.0", "✓"), ("v20.20.2", "✗"), ("", "✗")])
def test_node_is_fine_from_the_version_that_the_apps_need(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, state: str
) -> None:
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho {answer}\n")
    program.chmod(0o755)
    monkeypatch.setattr(cdk_cli, "node", lambda: program)
    assert checks._node().state == state


def test_a_node_that_is_not_where_it_is_said_to_be_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cdk_cli, "node", lambda: tmp_path / "node")
    finding = checks._node()
    assert finding.state is State.WRONG
    assert finding.seen == f"{tmp_path / 'node'} does not run: No such file or directory"
    assert "export JSII_NODE=" in finding.mend


def test_another_command_line_than_the_pinned_one_is_never_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdk_cli, "installed_version", lambda: "3.0.0")
    with pytest.raises(BootstrapError, match=r"is 3\.0\.0, but package\.json pins 2\.1148\.1"):
        cdk_cli.cdk("bootstrap")


def test_without_an_npm_of_the_machine_that_of_the_wheel_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.delenv("JSII_NODE", raising=False)
    cdk_cli.node.cache_clear()
    program, npm, command = cdk_cli.installation().words
    cdk_cli.node.cache_clear()
    assert command == "ci"
    assert Path(program).is_file()
    assert Path(npm).is_file()


def test_an_app_is_deployed_from_its_folder_by_this_python_and_this_node() -> None:
    command = cdk_cli.cdk_of_app("infra-repo", "deploy", "**")
    assert command.folder == PROJECT / "infra-repo"
    assert Path(command.words[1]) == PROJECT / "node_modules" / "aws-cdk" / "bin" / "cdk"
    assert command.words[2:] == ("deploy", "**")
    assert command.variables["PATH"].startswith(str(Path(sys.executable).parent))


def test_the_profile_is_handed_to_the_command_line() -> None:
    assert cdk_cli.cdk("bootstrap", profile="p").words[-2:] == ("--profile", "p")


def test_the_lock_file_pins_the_command_line_by_content_and_names_no_address() -> None:
    lock = json.loads((PROJECT / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]
    assert lock["version"] == cdk_cli.pinned_version()
    assert lock["integrity"].startswith("sha512-")
    assert "resolved" not in lock
