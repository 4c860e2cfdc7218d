"""A build finds the tools of its buildspec, and an environment that is otherwise empty."""

import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.build_environment import build_environment
from rehearsal.pipeline.definition import ActionFailedError
from tests.configuration import PROJECT

HOST = {"HTTPS_PROXY": "proxy", "AWS_PROFILE": "mine", "VIRTUAL_ENV": "/mine", "PYTHONPATH": "/mine"}
REGISTRIES = ("PIP_INDEX_URL", "UV_INDEX_URL", "NPM_CONFIG__AUTHTOKEN", "npm_config_registry")


@pytest.fixture
def settings(tmp_path: Path) -> EmulatorSettings:
    return EmulatorSettings(run_directory=tmp_path, package_variables={"PIP_INDEX_URL": "there"})


def test_the_network_and_the_registries_are_all_that_is_known_of_the_host(
    tmp_path: Path, settings: EmulatorSettings
) -> None:
    found = build_environment(tmp_path / "build", {}, settings, HOST)
    assert (found["HTTPS_PROXY"], found["PIP_INDEX_URL"]) == ("proxy", "there")
    assert not {"AWS_PROFILE", "VIRTUAL_ENV", "PYTHONPATH"} & found.keys()
    assert found["HOME"] == str(tmp_path / "build" / "home")
    assert list(Path(found["HOME"]).iterdir()) == []


def test_a_build_finds_the_packages_of_functions_that_this_clone_has_installed(
    tmp_path: Path, settings: EmulatorSettings
) -> None:
    found = build_environment(tmp_path / "build", {}, settings, {})
    command = [sys.executable, "-c", "from deployment_account.locked_packages import CACHE; print(CACHE)"]
    run = subprocess.run(command, cwd=PROJECT, env=found, capture_output=True, text=True, check=True)
    assert Path(run.stdout.strip()) == PROJECT / ".local" / "packages"


@pytest.mark.parametrize(
    ("runtimes", "known"),
    [
        ({"python": "3.11"}, {"PIP_INDEX_URL", "UV_INDEX_URL"}),
        ({"nodejs": "22"}, {"NPM_CONFIG__AUTHTOKEN", "npm_config_registry"}),
        ({"python": "3.11", "nodejs": "22"}, set(REGISTRIES)),
    ],
)
def test_a_build_knows_the_registries_of_the_runtimes_that_it_names(
    runtimes: dict[str, str], known: set[str], tmp_path: Path
) -> None:
    settings = EmulatorSettings(run_directory=tmp_path, package_variables=dict.fromkeys(REGISTRIES, "token"))
    found = build_environment(tmp_path / "build", runtimes, settings, {})
    assert {name for name, value in found.items() if value == "token"} == known


@pytest.mark.parametrize("command", ["python3.11 --version", "node --version", "npm --version"])
def test_the_tools_run_in_it(command: str, tmp_path: Path, settings: EmulatorSettings) -> None:
    environment = build_environment(tmp_path / "build", {"python": "3.11", "nodejs": "22"}, settings, {})
    run = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_command_line_of_aws_is_there_as_on_codebuilds_images(tmp_path: Path, settings: EmulatorSettings) -> None:
    environment = build_environment(tmp_path / "build", {}, settings, {}) | {"AWS_DEFAULT_REGION": "us-east-1"}
    command = "aws cloudformation describe-stacks --nonsense x --output json"
    run = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (254, "")
    assert 'Unknown parameter in input: "Nonsense"' in run.stderr


@pytest.mark.parametrize(
    ("runtimes", "told"),
    [({"python": "3.9"}, "python 3.9"), ({"nodejs": "99"}, "nodejs 99"), ({"ruby": "3"}, "runtime ruby")],
)
def test_a_runtime_that_is_not_there_fails_the_build(
    runtimes: dict[str, str], told: str, tmp_path: Path, settings: EmulatorSettings
) -> None:
    with pytest.raises(ActionFailedError, match=told):
        build_environment(tmp_path / "build", runtimes, settings, {})
