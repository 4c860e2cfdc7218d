"""A build installs a tool of npm only if its file is the one that package-lock.json describes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from deployment_account.npm_tools import CDK, CDK_ASSETS, NpmTool
from tests.configuration import PROJECT

REVIEWED = b"the file that was reviewed"
NPM = """#!/bin/bash
echo "$@" >> "$HOME/calls"
case "$1" in pack) cp "$SERVED" "${!#//@/-}.tgz" ;; esac
"""
"""A registry that serves one file under every name, and writes down what it is asked."""


@pytest.fixture
def tool() -> NpmTool:
    return NpmTool("tool", "1.2.3", hashlib.sha512(REVIEWED).hexdigest())


def calls(tool: NpmTool, served: bytes, folder: Path) -> tuple[int, list[str]]:
    """Run what a build runs with a registry of our own; its exit code, and what npm was asked."""
    tools, home, assembly = folder / "bin", folder / "home of the build", folder / "assembly"
    for each in (tools, home, assembly):
        each.mkdir()
    (tools / "npm").write_text(NPM)
    (tools / "npm").chmod(0o755)
    (folder / "served").write_bytes(served)
    (assembly / "tool-1.2.3.tgz").write_bytes(REVIEWED)  # what is pushed must not stand in for what npm serves
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(home)}
    program = ["bash", "-ec", "\n".join(tool.install_commands)]
    ended = subprocess.run(
        program, cwd=assembly, env={**environment, "SERVED": str(folder / "served")}, capture_output=True, check=False
    )
    return ended.returncode, (home / "calls").read_text().splitlines()


def test_the_reviewed_file_is_installed_and_nothing_is_fetched_again(tool: NpmTool, tmp_path: Path) -> None:
    code, asked = calls(tool, REVIEWED, tmp_path)
    assert code == 0
    assert asked[0] == "pack --silent tool@1.2.3"
    assert asked[1:] == [f"install -g tool@file:{tmp_path}/home of the build/tool-1.2.3.tgz"]


@pytest.mark.parametrize(
    "served", [b"", REVIEWED + b"\n", REVIEWED[:-1], REVIEWED.upper()], ids=["empty", "longer", "shorter", "other"]
)
def test_a_file_with_another_content_is_never_installed(tool: NpmTool, served: bytes, tmp_path: Path) -> None:
    code, asked = calls(tool, served, tmp_path)
    assert code != 0
    assert not [one for one in asked if one.startswith("install")]


@pytest.mark.parametrize("tool", [CDK, CDK_ASSETS], ids=lambda tool: str(tool.name))
def test_the_tools_of_the_builds_are_those_of_the_lock(tool: NpmTool) -> None:
    packages = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    pinned = packages[f"node_modules/{tool.name}"]
    assert tool.version == pinned["version"]
    assert bytes.fromhex(tool.sha512) == b64decode(pinned["integrity"].removeprefix("sha512-"))
    assert not {"dependencies", "optionalDependencies", "hasInstallScript"} & set(pinned), (
        "npm would fetch these itself"
    )


def test_a_tool_that_needs_other_packages_is_refused(tmp_path: Path) -> None:
    """One file is checked; npm would fetch the others without a check."""
    entry = {"version": "1.2.3", "integrity": "sha512-AAAA", "dependencies": {"other": "^1.0.0"}}
    lock = tmp_path / "package-lock.json"
    lock.write_text(json.dumps({"packages": {"node_modules/tool": entry}}))
    with pytest.raises(ValueError, match=r"tool needs other packages"):
        NpmTool.locked("tool", lock)
