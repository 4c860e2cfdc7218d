"""The packages of the function that writes Iceberg without a JVM: for arm64, within what Lambda takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.configuration import PROJECT

LARGEST_MB = 250
"""Lambda takes so much of a zip's contents."""


def install(target: Path, *, platform: str, python: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(target), "--python-platform", platform,
        "--python-version", python, "--only-binary", ":all:", "--require-hashes", "--requirements",
        str(PROJECT / "requirements-native.txt"),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.12", "3.13"])
def test_trap_t6_lock_installs_for_lambda_on_arm64_within_its_limit(tmp_path: Path, python: str) -> None:
    """Amazon Linux 2023, which Python 3.12 and later run on, has glibc 2.34."""
    done = install(tmp_path, platform="aarch64-manylinux_2_28", python=python)
    assert done.returncode == 0, done.stderr
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < LARGEST_MB * 10**6
    assert list(tmp_path.glob("pyarrow/*aarch64*.so"))


@pytest.mark.slow
def test_trap_t6_lambda_of_python_3_11_cannot_run_it(tmp_path: Path) -> None:
    """Amazon Linux 2 has glibc 2.26, for which there is no such pyarrow, and an older one must not be taken for it."""
    assert "pyarrow" in install(tmp_path, platform="aarch64-manylinux2014", python="3.11").stderr
