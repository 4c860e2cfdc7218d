"""Who approves a deployment, when, and what that person is told before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.synth.configurations import Json, known, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.pipeline_templates import actions, build_spec, commands, stages
from tests.synth.synthesis import ACCOUNTS, APPS, Template


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def prod(synthesis: Synthesis, app: str) -> Template:
    return synthesis.templates[f"odp-prod-{app}-Pipeline"]


def approvals(pipeline: Template) -> list[str]:
    """The stages in which somebody approves."""
    return [
        stage
        for stage in stages(pipeline)
        if "Approval" in {action["ActionTypeId"]["Category"] for action in actions(pipeline, stage)}
    ]


def check_of(pipeline: Template, environment: str) -> str:
    """The logical id of the project that compares what an approval reaches with what is deployed."""
    (project,) = [
        id_ for id_ in pipeline.resources("AWS::CodeBuild::Project") if f"Approve{environment}PermissionsCheck" in id_
    ]
    return project


def test_a_person_approves_before_the_pipeline_changes_itself_or_writes_into_prod(prod: Template, app: str) -> None:
    """Behind self-mutation, a push that removes the approval would have removed it before anybody was asked."""
    assets = ["Assets"] if app == "etl" else []
    assert stages(prod) == ["Source", "Build", "Approve-prod", "UpdatePipeline", *assets, f"odp-prod-{app}"]
    check, approve = actions(prod, "Approve-prod")
    assert (check["Name"], approve["Name"]) == ("PermissionsCheck", "Approve")
    assert check["RunOrder"] < approve["RunOrder"], "nobody approves before the check has spoken"
    assert approvals(prod) == ["Approve-prod"], "nobody is asked twice"


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_nobody_is_asked_where_data_is_not_protected(synthesis: Synthesis, app: str, environment: str) -> None:
    pipeline = synthesis.templates[f"odp-{environment}-{app}-Pipeline"]
    assert approvals(pipeline) == []
    assert not [id_ for id_ in pipeline.resources("AWS::CodeBuild::Project") if "PermissionsCheck" in id_]


def test_who_approves_is_told_what_the_check_found_and_where_to_read_more(prod: Template) -> None:
    check, approve = actions(prod, "Approve-prod")
    namespace = check["Namespace"]
    assert approve["Configuration"] == {
        "CustomData": f"#{{{namespace}.MESSAGE}} #{{{namespace}.LINK}}",
        "ExternalEntityLink": f"#{{{namespace}.LINK}}",
    }
    assert check["InputArtifacts"] == [{"Name": "Synth_Output"}]
    assert check["Configuration"]["ProjectName"] == {"Ref": check_of(prod, "prod")}
    assert build_spec(prod, check_of(prod, "prod"))["env"]["exported-variables"] == ["MESSAGE", "LINK"]
    assert commands(prod, check_of(prod, "prod"))[-2:] == ["export MESSAGE", 'export LINK="$CODEBUILD_BUILD_URL"']


def test_a_comparison_that_fails_is_no_comparison_that_finds_nothing(prod: Template, app: str) -> None:
    _, _, shows, judges, *_ = commands(prod, check_of(prod, "prod"))
    everything = f"odp-prod-{app}-Pipeline 'odp-prod-{app}/*'"
    assert shows == f"cdk diff --app . --method=template --exclusively {everything}", "its failure fails the build"
    assert judges.startswith(f'if {shows} --security-only --fail-on=broadening; then MESSAGE="No permissions')
    assert 'else MESSAGE="PERMISSIONS ARE BROADENED' in judges


def test_who_approves_is_told_when_the_pipeline_would_change_what_it_asks_approval_for(
    prod: Template, app: str
) -> None:
    _, _, _, _, warns, *_ = commands(prod, check_of(prod, "prod"))
    compare = f"cdk diff --app . --method=template --exclusively odp-prod-{app}-Pipeline --fail-on=any-change"
    assert warns.startswith(f'{compare} || MESSAGE="$MESSAGE THE PIPELINE CHANGES ITSELF')


def with_all_on_main() -> Json:
    """All environments live on one branch."""
    document = known()
    for environment in document["environments"].values():
        environment["branch"] = "main"
    return document


def test_on_a_trunk_a_protected_environment_waits_before_anything_of_it_changes(app: str, tmp_path: Path) -> None:
    """A push starts all pipelines at once: that of dev holds no right in prod, that of prod begins with a person."""
    found = synthesised(with_all_on_main(), tmp_path, app)
    assert {name: approvals(found[f"odp-{name}-{app}-Pipeline"]) for name in ACCOUNTS} == {
        "dev": [],
        "test": [],
        "prod": ["Approve-prod"],
    }
    names = stages(found[f"odp-prod-{app}-Pipeline"])
    assert names[:4] == ["Source", "Build", "Approve-prod", "UpdatePipeline"]
    for name in ("dev", "test"):
        assert ACCOUNTS["prod"] not in json.dumps(found[f"odp-{name}-{app}-Pipeline"].body)


def assumed_by(pipeline: Template, environment: str) -> Any:
    """What the role of a check may assume."""
    (policy,) = [
        policy
        for id_, policy in pipeline.resources("AWS::IAM::Policy").items()
        if f"Approve{environment}PermissionsCheck" in id_
    ]
    (statement,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Action"] == "sts:AssumeRole"]
    return statement["Resource"]


def test_a_check_reads_what_it_compares_and_no_other_account(prod: Template) -> None:
    def lookup(account: str) -> str:
        return f"arn:aws:iam::{account}:role/cdk-odpprod-lookup-role-{account}-us-east-1"

    assert assumed_by(prod, "prod") == [lookup("1" * 12), lookup("4" * 12)]
