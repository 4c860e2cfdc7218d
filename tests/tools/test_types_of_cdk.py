"""mypy reads those modules of the CDK only that are named: unless what is imported is named, nothing checks its use."""

import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tests.configuration import PROJECT

CODE = ("deployment_account", "infra-repo", "etl-repo", "rehearsal", "benchmarks", "scripts", "tests")
SUBMODULES = re.compile(r"^\s*from aws_cdk import (?:\(([^)]*)\)|(.+))$", re.MULTILINE)
DOTTED = re.compile(r"^\s*(?:from|import) (aws_cdk\.[\w.]+)", re.MULTILINE)


def read_by_mypy() -> set[str]:
    overrides = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (named,) = [each["module"] for each in overrides if each.get("follow_imports") == "normal"]
    return set(named)


def imported() -> Iterator[str]:
    for folder in CODE:
        for file in (PROJECT / folder).rglob("*.py"):
            text = file.read_text()
            yield from DOTTED.findall(text)
            for several, one in SUBMODULES.findall(text):
                names = [name.split()[0] for name in (several or one).split(",") if name.strip()]
                yield from (f"aws_cdk.{name}" for name in names if name.islower())


def has_interfaces(module: str) -> bool:
    spec = find_spec("aws_cdk")  # without an import, which starts node
    assert spec
    (folder,) = list(spec.submodule_search_locations or ())
    return (Path(folder) / "interfaces" / module.removeprefix("aws_cdk.")).is_dir()


def test_every_module_of_the_cdk_that_is_imported_is_one_that_mypy_reads() -> None:
    used = set(imported())
    assert "aws_cdk.aws_s3" in used
    assert used - read_by_mypy() == set(), "add them to the overrides of mypy in pyproject.toml"


def test_interfaces_of_these_modules_are_read_too() -> None:
    """They are what the modules' own interfaces extend: a base class that nobody reads lets everything pass."""
    needed = {f"aws_cdk.interfaces.{each.removeprefix('aws_cdk.')}" for each in read_by_mypy() if has_interfaces(each)}
    assert "aws_cdk.interfaces.aws_s3" in needed
    assert needed | {"aws_cdk", "aws_cdk.interfaces"} <= read_by_mypy()
