"""Tests run in a build beside the deployed build, and a failure stops all later actions."""

import pytest

from tests.embedded.pipeline import templates
from tests.embedded.pipeline.small import Document, Small, said, told

BUILD_OR_TEST = ['[ "$KIND" != test ] || eval "$TESTS"', "cp source.json template.json", "export MESSAGE=built"]


def with_tests(small: Small, tests: str) -> list[Document]:
    """The stages of the small pipeline, with a second build beside the one that makes the template."""
    small.build_spec = {**templates.BUILD_SPEC, "phases": {"build": {"commands": BUILD_OR_TEST}}}
    stages = small.stages()
    stages[1]["Actions"].append(templates.test_build(small.account, tests))
    return stages


def test_a_green_test_beside_synthesis_lets_the_commit_through(small: Small) -> None:
    small.push()
    small.deploy(with_tests(small, "true"))
    status, actions = small.result()
    assert status == "Succeeded", told(actions)
    assert actions["Test"]["status"] == "Succeeded"
    assert small.topics() == ["deployed"]


@pytest.mark.parametrize("tests", ["exit 1", "sleep 3; echo a test is red; exit 1"], ids=["at once", "after synthesis"])
def test_a_red_test_stops_the_pipeline_before_anything_later_begins(small: Small, tests: str) -> None:
    small.push()
    small.deploy(with_tests(small, tests))
    status, actions = small.result()
    assert status == "Failed"
    assert actions["Build"]["status"] == "Succeeded", "synthesis itself found nothing wrong"
    assert "exit code 1" in said(actions["Test"])
    assert set(actions) == {"Source", "Build", "Test"}
    assert small.topics() == []
