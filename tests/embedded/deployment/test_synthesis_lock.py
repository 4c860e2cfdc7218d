"""`make install-synth` installs its lock and nothing else, and each app synthesises a pipeline with only that."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import toolchain
from tests.configuration import KNOWN, KNOWN_MANIFESTS, PROJECT

SEEDS = {"pip", "setuptools", "uv"}
"""What a virtual environment begins with, and what installs the rest."""

_ONLY_LOCKED = """
import importlib.metadata, re, runpy, sys

locked = {*sys.argv[1:], "odp-data-lake"}
owners = importlib.metadata.packages_distributions()


class OnlyLocked:
    def find_spec(self, name, path=None, target=None):
        distributions = [re.sub("[._-]+", "-", owner).lower() for owner in owners.get(name.partition(".")[0], ())]
        if distributions and not locked & set(distributions):
            raise ImportError(f"{name} is of {distributions}, which requirements-synth.txt lacks")


sys.meta_path.insert(0, OnlyLocked())
sys.path.insert(0, ".")
runpy.run_path("app.py")
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment that has only what the lock has."""
    folder = tmp_path_factory.mktemp("synth") / "venv"
    command = ["make", "--no-print-directory", "install-synth", f"SYNTH={folder}", f"PYTHON={sys.executable}"]
    subprocess.run(command, cwd=PROJECT, env=_environment(), check=True, timeout=300)
    return folder / "bin" / "python"


def _environment(**further: str) -> dict[str, str]:
    """Nothing by which Python finds what lies elsewhere, nor what the make above this test has told it."""
    hidden = ("PYTHON", "VIRTUAL_ENV", "AWS_", "CDK_", "MAKE", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)} | further


def _pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)", (PROJECT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements-synth.txt", {"aws-cdk-lib", "constructs", "pydantic"}),
        ("requirements-lambda.txt", {"aws-lambda-powertools", "pydantic"}),
        ("requirements-native.txt", {"pyarrow", "pyiceberg"}),
    ],
)
def test_a_lock_of_what_is_deployed_has_the_versions_that_the_tests_ran_with(lock: str, wanted: set[str]) -> None:
    pinned, everything = _pinned(lock), _pinned("requirements.txt")
    assert pinned.items() <= everything.items()
    assert wanted <= set(pinned)


@pytest.mark.slow
def test_only_what_is_locked_is_installed(python: Path) -> None:
    program = (
        "import importlib.metadata as m; print(*(d.metadata['Name'] + '==' + d.version for d in m.distributions()))"
    )
    installed = subprocess.run([python, "-c", program], env=_environment(), capture_output=True, text=True, check=True)
    found = dict(item.split("==") for item in installed.stdout.split())
    normal = {re.sub(r"[._-]+", "-", name).lower(): version for name, version in found.items()}
    assert {name: version for name, version in normal.items() if name not in SEEDS} == _pinned("requirements-synth.txt")


@pytest.mark.parametrize("app", ["infra", "etl"])
def test_an_app_imports_nothing_that_the_lock_of_synthesis_lacks(app: str) -> None:
    """The quick half of the proof; the slow half installs the lock and synthesises."""
    command = [sys.executable, "-c", _ONLY_LOCKED, *_pinned("requirements-synth.txt")]
    environment = {**os.environ, "JSII_NODE": str(toolchain.node())}
    folder = PROJECT / f"{app}-repo"
    imported = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert imported.returncode == 0, imported.stderr


@pytest.mark.slow
def test_each_app_synthesises_a_pipeline_with_only_this_lock(python: Path, tmp_path: Path) -> None:
    context = json.dumps({"pipeline": "dev", "environments": str(KNOWN), "table_configs": str(KNOWN_MANIFESTS)})
    common = {"CDK_CONTEXT_JSON": context, "JSII_NODE": str(toolchain.node())}
    syntheses = {
        app: subprocess.Popen(
            [python, "app.py"],
            cwd=PROJECT / f"{app}-repo",
            env=_environment(**common, CDK_OUTDIR=str(tmp_path / app)),
            stderr=subprocess.PIPE,
            text=True,
        )
        for app in ("infra", "etl")
    }
    said = {app: synthesis.communicate(timeout=240)[1] for app, synthesis in syntheses.items()}
    assert {app: synthesis.returncode for app, synthesis in syntheses.items()} == {"infra": 0, "etl": 0}, said
    for app in syntheses:
        artifacts = json.loads((tmp_path / app / "manifest.json").read_text())["artifacts"]
        assert {f"odp-dev-{app}-Pipeline", f"assembly-odp-dev-{app}"} <= set(artifacts)
