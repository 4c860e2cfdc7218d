"""One push starts both apps' pipelines and succeeds in an account with one build of each size at once.

https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html: the default of a size is one build at once.
"""

from __future__ import annotations

from collections import Counter

from tests.synth.conftest import Synthesis
from tests.synth.pipeline_templates import definition
from tests.synth.synthesis import APPS, Template


def sizes(pipeline: Template) -> set[str]:
    projects = pipeline.resources("AWS::CodeBuild::Project").values()
    return {project["Environment"]["ComputeType"] for project in projects}


def test_builds_of_the_two_pipelines_of_a_push_never_count_against_one_quota(
    synthesis: Synthesis, environment: str
) -> None:
    found = {app: sizes(synthesis.templates[f"odp-{environment}-{app}-Pipeline"]) for app in APPS}
    assert not set.intersection(*found.values()), found
    assert {len(each) for each in found.values()} == {1}, "the check of quotas knows one size for each app"


def test_a_pipeline_runs_one_build_at_a_time(synthesis: Synthesis, environment: str) -> None:
    for app in APPS:
        for stage in definition(synthesis.templates[f"odp-{environment}-{app}-Pipeline"])["Stages"]:
            builds = [each["RunOrder"] for each in stage["Actions"] if each["ActionTypeId"]["Provider"] == "CodeBuild"]
            assert max(Counter(builds).values(), default=0) <= 1, f"{app}: {stage['Name']}"


def test_no_build_has_less_memory_than_the_checks_of_the_code_need(synthesis: Synthesis, environment: str) -> None:
    """mypy takes 3.5 GB without a cache; the smallest size has 3 GB."""
    for app in APPS:
        assert "BUILD_GENERAL1_SMALL" not in sizes(synthesis.templates[f"odp-{environment}-{app}-Pipeline"])
