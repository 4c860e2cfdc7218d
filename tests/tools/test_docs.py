"""The pages name only files that the project has: a name that leads nowhere costs a reader more than none."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.configuration import PROJECT

PATH = re.compile(r"`([\w./-]+\.(?:py|sql|toml|sh))(?:::\w+)?`")
OF_OTHERS = {"iam/access_control.py": "moto", "pyspark/sql/connect/session.py": "Spark"}
"""Files of libraries, which decisions compare ours with."""


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def pages() -> list[Path]:
    return [PROJECT / name for name in tracked() if name.endswith(".md") and not name.startswith("tests/")]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))
def test_page_names_only_files_that_exist(page: Path) -> None:
    names = [f"/{name}" for name in tracked()]
    named = [
        (number, path) for number, line in enumerate(page.read_text().splitlines(), 1) for path in PATH.findall(line)
    ]
    lost = [
        (number, path)
        for number, path in named
        if path not in OF_OTHERS and not any(name.endswith(f"/{path}") for name in names)
    ]
    assert lost == []
