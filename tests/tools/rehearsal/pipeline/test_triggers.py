"""A push starts the pipelines whose trigger names its branch and something that it changed."""

from typing import Any

import pytest

from rehearsal.pipeline.definition import Push, UnsupportedPipelineError, started_source
from tests.tools.rehearsal.pipeline.documents import action, pipeline

REPOSITORY = "example/data-lake"


def document(**push: Any) -> dict[str, Any]:
    source = action("Source", "Source/CodeStarSourceConnection", configuration={"FullRepositoryId": REPOSITORY})
    git = {"sourceActionName": "Source", "push": [push]}
    trigger = {"providerType": "CodeStarSourceConnection", "gitConfiguration": git}
    return pipeline(("Source", [source]), triggers=[trigger])


def push(*files: str, branch: str = "main", repository: str = REPOSITORY) -> Push:
    return Push(repository, branch, "c" * 40, files)


@pytest.mark.parametrize(
    ("patterns", "file", "starts"),
    [
        (["etl-repo/**"], "etl-repo/src/odp/errors.py", True),
        (["etl-repo/**"], "infra-repo/app.py", False),
        (["etl-repo/**"], "docs/etl-repo/x", False),
        (["requirements*.txt"], "requirements-uv.txt", True),
        (["requirements*.txt"], "etl-repo/requirements.txt", False),
        (["Makefile"], "Makefile", True),
        (["a?.txt"], "ab.txt", True),
        (["a?.txt"], "a/.txt", False),
        (["tests.x"], "testsxx", False),
        (["{Makefile,pyproject.toml}"], "Makefile", True),
        (["{Makefile,pyproject.toml}"], "pyproject.toml", True),
        (["{Makefile,pyproject.toml}"], "pyprojectxtoml", False),
        (["{Makefile,pyproject.toml}"], "{Makefile,pyproject.toml}", False),
        (["src/*.{py,sql}"], "src/a.sql", True),
        (["src/*.{py,sql}"], "src/a/b.sql", False),
    ],
)
def test_a_file_is_named_by_a_glob(patterns: list[str], file: str, starts: bool) -> None:
    found = started_source(document(branches={"includes": ["main"]}, filePaths={"includes": patterns}), push(file))
    assert found == ("Source" if starts else None)


def test_one_of_many_changed_files_is_enough() -> None:
    filters = {"filePaths": {"includes": ["etl-repo/**"], "excludes": ["etl-repo/docs/**"]}}
    assert started_source(document(**filters), push("README.md", "etl-repo/app.py"))
    assert not started_source(document(**filters), push("README.md", "etl-repo/docs/a.md"))


def test_another_branch_or_repository_starts_nothing() -> None:
    only_main = document(branches={"includes": ["main"]})
    assert started_source(only_main, push("a"))
    assert not started_source(only_main, push("a", branch="maintenance"))
    assert not started_source(only_main, push("a", repository="example/other"))


def test_a_pipeline_without_trigger_is_started_by_nobody() -> None:
    assert not started_source({**document(), "triggers": []}, push("a"))


@pytest.mark.parametrize(
    "filters",
    [
        {"tags": {"includes": ["v*"]}},
        *({"filePaths": {"includes": [glob]}} for glob in ("[ab]", "a\\*", "{a,{b}}", "{a", "a}")),
    ],
)
def test_filters_that_are_not_rehearsed_are_refused(filters: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedPipelineError):
        started_source(document(**filters), push("a"))
