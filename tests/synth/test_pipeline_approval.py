"""Who approves a deployment, and what that person is told before."""

from __future__ import annotations

import pytest

from tests.synth.conftest import Synthesis
from tests.synth.pipeline_templates import actions, build_spec, commands
from tests.synth.synthesis import APPS


@pytest.mark.parametrize("app", APPS)
def test_a_person_approves_before_anything_changes_in_prod_and_only_there(
    synthesis: Synthesis, app: str, environment: str
) -> None:
    pipeline = synthesis.templates[f"odp-{environment}-{app}-Pipeline"]
    found = [action["Name"] for action in actions(pipeline, f"odp-{environment}-{app}")]
    assert ("Approve" in found) is (environment == "prod")
    if environment == "prod":
        assert found[:2] == ["PermissionsCheck", "Approve"]
        assert actions(pipeline, f"odp-{environment}-{app}")[2]["RunOrder"] > 2


@pytest.mark.parametrize("app", APPS)
def test_who_approves_is_told_whether_permissions_are_broadened_and_where_to_read_more(
    synthesis: Synthesis, app: str
) -> None:
    pipeline = synthesis.templates[f"odp-prod-{app}-Pipeline"]
    check, approve = actions(pipeline, f"odp-prod-{app}")[:2]
    namespace = check["Namespace"]
    assert approve["Configuration"] == {
        "CustomData": f"#{{{namespace}.MESSAGE}} #{{{namespace}.LINK}}",
        "ExternalEntityLink": f"#{{{namespace}.LINK}}",
    }
    assert check["InputArtifacts"] == [{"Name": "Synth_Output"}]
    (project,) = [id_ for id_ in pipeline.resources("AWS::CodeBuild::Project") if "PermissionsCheck" in id_]
    assert build_spec(pipeline, project)["env"]["exported-variables"] == ["MESSAGE", "LINK"]


@pytest.mark.parametrize("app", APPS)
def test_a_comparison_that_fails_is_no_comparison_that_finds_nothing(synthesis: Synthesis, app: str) -> None:
    pipeline = synthesis.templates[f"odp-prod-{app}-Pipeline"]
    (project,) = [id_ for id_ in pipeline.resources("AWS::CodeBuild::Project") if "PermissionsCheck" in id_]
    _, shows, judges, *_ = commands(pipeline, project)
    assert shows == f"cdk diff --app . --method=template 'odp-prod-{app}/*'", "its failure fails the build"
    assert judges.startswith(f'if {shows} --security-only --fail-on=broadening; then MESSAGE="No permissions')
    assert 'else MESSAGE="PERMISSIONS ARE BROADENED' in judges
