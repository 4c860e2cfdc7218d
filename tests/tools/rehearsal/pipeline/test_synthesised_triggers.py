"""The triggers of this project's pipelines, as synthesised: who is started by a push to what."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rehearsal.pipeline.definition import Definition, Push, api_document, started_source
from rehearsal.pipeline.execution import unsupported_actions
from tests.configuration import PROJECT

SNAPSHOTS = Path(__file__).resolve().parents[3] / "synth" / "snapshots"


def documents() -> dict[str, dict[str, Any]]:
    """The pipelines in the snapshots of the templates."""
    found = {}
    for file in SNAPSHOTS.glob("*-Pipeline*.json"):
        for resource in json.loads(file.read_text())["Resources"].values():
            if resource["Type"] == "AWS::CodePipeline::Pipeline":
                found[file.stem] = api_document(resource["Properties"], default_name=file.stem)
    return found


PIPELINES = documents()


def started(*files: str, branch: str = "main") -> set[str]:
    push = Push("example/data-lake", branch, "c" * 40, files)
    return {document["name"] for document in PIPELINES.values() if started_source(document, push)}


def test_a_push_that_changes_only_the_etl_app_starts_only_its_pipeline() -> None:
    assert started("etl-repo/src/odp/errors.py") == {"odp-dev-etl"}


def test_a_push_that_changes_only_the_infra_app_starts_only_its_pipeline() -> None:
    assert started("infra-repo/infra_cdk/storage_stack.py") == {"odp-dev-infra"}


@pytest.mark.parametrize("file", ["config/environments.json", "requirements.txt", "deployment_account/names.py"])
def test_what_both_are_built_from_starts_both(file: str) -> None:
    assert started(file) == {"odp-dev-infra", "odp-dev-etl"}


IMPORTED = """
import runpy, sys
sys.argv[:] = ["app.py"]
try:
    runpy.run_path("app.py", run_name="imported")
finally:
    print(*{file for one in list(sys.modules.values()) if (file := getattr(one, "__file__", None))}, sep="\\n")
"""
"""Imports an app as its synthesis does, and prints the files of all modules that this loads."""


@pytest.mark.parametrize("app", ["infra", "etl"])
def test_a_push_that_changes_any_module_of_an_app_starts_its_pipeline(app: str) -> None:
    command = [sys.executable, "-c", IMPORTED]
    shown = subprocess.run(command, cwd=PROJECT / f"{app}-repo", capture_output=True, text=True, check=True).stdout
    tracked = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    own = {str(PROJECT / name): name for name in tracked.splitlines()}
    modules = {own[file] for file in shown.splitlines() if file in own}
    assert f"{app}-repo/app.py" in modules or len(modules) > 20
    assert sorted(name for name in modules if f"odp-dev-{app}" not in started(name)) == []


@pytest.mark.parametrize("file", ["README.md", "rehearsal/cli.py", "docs/deployment.md"])
def test_what_no_app_is_built_from_starts_nothing(file: str) -> None:
    assert started(file) == set()


def test_another_branch_starts_nothing_of_dev() -> None:
    assert started("etl-repo/app.py", branch="feature") == set()


@pytest.mark.parametrize("document", PIPELINES.values(), ids=PIPELINES)
def test_every_action_of_our_pipelines_is_rehearsed(document: dict[str, Any]) -> None:
    assert unsupported_actions(Definition(document)) == []
