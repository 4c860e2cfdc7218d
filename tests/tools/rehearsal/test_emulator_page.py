"""docs/emulator.md: each test that it names exists, each extension and each finding of the audit has a row."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.configuration import PROJECT

PAGE = (PROJECT / "docs" / "emulator.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", PAGE)))
FINDINGS = [f"{kind}{number}" for kind, last in (("B", 4), ("L", 8), ("R", 17)) for number in range(1, last + 1)]
ROW = re.compile(r"^\|\s*`?([\w./]+)`?\s*\|(.*)\|$", re.MULTILINE)


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def rows() -> dict[str, str]:
    return dict(ROW.findall(PAGE))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_test_that_the_page_names_exists(file: str, name: str) -> None:
    assert (PROJECT / file).is_file()
    assert name.startswith("test_")
    assert name in functions_of(file)


def test_no_test_is_named_in_a_form_that_nobody_checks() -> None:
    assert PAGE.count("::test_") == len(re.findall(r"tests/[\w/]+\.py::test_\w+", PAGE))
    for path in re.findall(r"`((?:tests|rehearsal)/[\w/.]+)`", PAGE):
        assert (PROJECT / path).exists(), path


@pytest.mark.parametrize("finding", FINDINGS)
def test_each_finding_of_the_audit_has_a_row_with_a_test(finding: str) -> None:
    assert "::test_" in rows()[finding]


def extensions() -> set[str]:
    """The modules that launcher.py installs into ministack."""
    tree = ast.parse((PROJECT / "rehearsal" / "emulator" / "launcher.py").read_text(encoding="utf-8"))
    (install,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "install")
    called = {
        node.func.value.id
        for node in ast.walk(install)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "install"
        if isinstance(node.func.value, ast.Name)
    }
    return called - {"codepipeline", "glue_api"}


def test_each_extension_has_a_row_with_a_test() -> None:
    found = rows()
    assert len(extensions()) > 7
    for name in extensions():
        row = found.get(f"{name}.py") or found.get(name)
        assert row, f"docs/emulator.md has no row for {name}"
        assert "::test_" in row
