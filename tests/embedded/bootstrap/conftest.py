"""Four accounts of one emulator, IAM enforced; the commands run as people run them, one process each."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from rehearsal import toolchain
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings

DEPLOYMENT, DEV, TEST, PROD = ("111111111111", "222222222222", "333333333333", "444444444444")
Run = subprocess.CompletedProcess[str]
Bootstrap = Callable[..., Run]


@pytest.fixture(scope="package")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator of its own: the accounts of the configuration are fixed."""
    with Emulator(EmulatorSettings(run_directory=tmp_path_factory.mktemp("accounts"))) as emulator:
        yield emulator


@pytest.fixture(scope="package")
def run_as(emulator: Emulator) -> Callable[..., Run]:
    """Run a command line with the credentials of an account."""

    def run(account: str, *words: str, typed: str = "") -> Run:
        variables = {**os.environ, **emulator.shell_environment(account), "JSII_NODE": str(toolchain.node())}
        variables |= {"COLUMNS": "200", "NO_COLOR": "1"}
        return subprocess.run(
            words, env=variables, input=typed, capture_output=True, text=True, check=False, timeout=300
        )

    return run


@pytest.fixture(scope="package")
def bootstrap(run_as: Callable[..., Run]) -> Bootstrap:
    """Run `python -m scripts.bootstrap` with the credentials of an account."""

    def run(account: str, *arguments: str, typed: str = "") -> Run:
        return run_as(account, sys.executable, "-m", "scripts.bootstrap", *arguments, typed=typed)

    return run


@pytest.fixture(scope="package")
def bootstrapped(bootstrap: Bootstrap) -> None:
    """The deployment account and dev, from nothing."""
    for run in (bootstrap(DEPLOYMENT, "deployment-account"), bootstrap(DEV, "target-account", "dev")):
        assert run.returncode == 0, run.stderr + run.stdout


@pytest.fixture(scope="package")
def dev_lake(bootstrapped: None, bootstrap: Bootstrap) -> None:
    """The dev stages, deployed by the CDK command with nothing but the deployment account's credentials."""
    for app in ("infra-repo", "etl-repo"):
        run = bootstrap(DEPLOYMENT, "cdk", app, "deploy", "**", "-c", "direct=dev", "--require-approval", "never")
        assert run.returncode == 0, run.stderr + run.stdout
