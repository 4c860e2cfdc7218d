"""Four accounts of one emulator, IAM enforced; the commands run as people run them, one process each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal import toolchain
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings

PROJECT = Path(__file__).resolve().parents[3]
DEPLOYMENT, DEV, TEST, PROD = ("111111111111", "222222222222", "333333333333", "444444444444")
TARGETS = {"dev": DEV, "test": TEST, "prod": PROD}
STAGING = "555555555555"
"""Of an environment that is configured and never bootstrapped."""
Run = subprocess.CompletedProcess[str]
Bootstrap = Callable[..., Run]


@pytest.fixture(scope="package")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator of its own: the accounts of the configuration are fixed."""
    with Emulator(EmulatorSettings(run_directory=tmp_path_factory.mktemp("accounts"))) as emulator:
        yield emulator


@pytest.fixture(scope="package")
def profiles(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of credentials with a profile for each account, named after its number."""
    lines = []
    for account in (DEPLOYMENT, *TARGETS.values(), STAGING):
        found = emulator.shell_environment(account)
        keys = (f"{name.lower()} = {found[name]}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        lines += [f"[{account}]", *keys]
    path = tmp_path_factory.mktemp("credentials") / "credentials"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="package")
def run_as(emulator: Emulator, profiles: Path) -> Callable[..., Run]:
    """Run a command line with the credentials of an account."""

    def run(account: str, *words: str, typed: str = "") -> Run:
        variables = {**os.environ, **emulator.shell_environment(account), "JSII_NODE": str(toolchain.node())}
        variables |= {"COLUMNS": "200", "NO_COLOR": "1", "AWS_SHARED_CREDENTIALS_FILE": str(profiles)}
        variables["CDK_VALIDATION"] = "false"  # half of a synthesis, and `make synth` does it
        return subprocess.run(
            words, env=variables, input=typed, capture_output=True, text=True, check=False, timeout=300
        )

    return run


@pytest.fixture(scope="package")
def bootstrap(run_as: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Bootstrap:
    """Run `python -m scripts.bootstrap` with the credentials of an account, on a configuration of the tests' own."""
    configuration = tmp_path_factory.mktemp("configuration") / "environments.json"
    shutil.copy(PROJECT / "tests" / "environments.json", configuration)

    def run(account: str, command: str, *arguments: str, typed: str = "") -> Run:
        choice = ("-c", f"environments={configuration}") if command == "cdk" else ("--config", str(configuration))
        return run_as(account, sys.executable, "-m", "scripts.bootstrap", command, *arguments, *choice, typed=typed)

    configured = run(DEPLOYMENT, "configure", "staging", "--no-ask", "--set", f"environment.account={STAGING}")
    assert configured.returncode == 0, configured.stderr
    return run


@pytest.fixture(scope="package")
def bootstrapped(bootstrap: Bootstrap) -> None:
    """The deployment account for every environment but staging, and theirs, from nothing."""
    runs = [bootstrap(DEPLOYMENT, "deployment-account", name) for name in TARGETS]
    runs += [bootstrap(account, "target-account", name) for name, account in TARGETS.items()]
    for run in runs:
        assert run.returncode == 0, run.stderr + run.stdout


@pytest.fixture(scope="package")
def dev_lake(bootstrapped: None, bootstrap: Bootstrap) -> None:
    """The dev stages, deployed by the CDK command through the roles of dev's own bootstrap."""
    for app in ("infra-repo", "etl-repo"):
        run = bootstrap(DEV, "cdk", app, "deploy", "**", "-c", "direct=dev", "--require-approval", "never")
        assert run.returncode == 0, run.stderr + run.stdout
