"""Who approves a release, when, what that person is told before, and that this is what is executed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.synth.configurations import Json, known, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.pipeline_templates import actions, build_spec, commands, definition, stages
from tests.synth.synthesis import ACCOUNTS, APPS, Template
from tests.synth.test_snapshots import PROGRAM

STACKS = {"infra": {"Backup", "Storage", "Secrets", "Network"}, "etl": {"Tables", "Odp", "Taxi"}}
LONGEST_BUILD_SPEC, LONGEST_CONFIGURATION = 25_600, 1_000
"""https://github.com/aws/aws-cdk/pull/14974, https://github.com/awsdocs/aws-codepipeline-user-guide/issues/24"""


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


def release(pipeline: Template, app: str) -> list[dict[str, Any]]:
    return actions(pipeline, f"odp-prod-{app}")


def changes(found: list[dict[str, Any]], mode: str) -> dict[str, int]:
    """The stacks that actions of a mode are about, each with its run order."""
    return {
        action["Configuration"]["StackName"].rsplit("-", 1)[-1]: int(action["RunOrder"])
        for action in found
        if action["Configuration"].get("ActionMode") == mode
    }


def named(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (action,) = [each for each in found if each["Name"] == name]
    return action


def test_everything_is_prepared_then_asked_for_once_and_only_then_executed(prod: Template, app: str) -> None:
    found = release(prod, app)
    prepared, executed = changes(found, "CHANGE_SET_REPLACE"), changes(found, "CHANGE_SET_EXECUTE")
    assert prepared.keys() == executed.keys() == STACKS[app] | {"Pipeline"}
    order = [int(named(found, name)["RunOrder"]) for name in ("Check", "Approve", "Verify")]
    assert order == sorted(set(order))
    assert max(prepared.values()) < order[0]
    assert order[-1] < min(executed.values())
    assert executed["Pipeline"] == min(executed.values()), "it may hold what the others are deployed by"
    assert approvals(prod) == [f"odp-prod-{app}"]


def test_stacks_are_executed_in_the_order_of_their_dependencies(synthesis: Synthesis) -> None:
    infra = changes(release(synthesis.templates["odp-prod-infra-Pipeline"], "infra"), "CHANGE_SET_EXECUTE")
    etl = changes(release(synthesis.templates["odp-prod-etl-Pipeline"], "etl"), "CHANGE_SET_EXECUTE")
    assert infra["Backup"] < infra["Storage"] < infra["Network"]
    assert etl["Tables"] < min(etl["Odp"], etl["Taxi"])


def test_one_stage_prepares_and_executes_so_that_no_other_release_comes_between(prod: Template, app: str) -> None:
    """CodePipeline lets one execution into a stage: another one would replace the change sets that were approved."""
    assert stages(prod) == ["Source", "Build", f"odp-prod-{app}"]
    assert definition(prod)["ExecutionMode"] == "QUEUED"


def test_code_is_published_after_the_approval_and_only_what_was_there_before(synthesis: Synthesis) -> None:
    pipeline = synthesis.templates["odp-prod-etl-Pipeline"]
    found = release(pipeline, "etl")
    (publish,) = [each for each in found if "Assets" in json.dumps(each["Configuration"].get("ProjectName", ""))]
    executed = changes(found, "CHANGE_SET_EXECUTE")
    assert executed["Pipeline"] < int(publish["RunOrder"]) < executed["Tables"]
    named_so = {action["Name"]: action for action in actions(pipeline, "Build")}
    (pin_name,) = named_so.keys() - {"Synth", "Test"}
    synth, pin, test = named_so["Synth"], named_so[pin_name], named_so["Test"]
    assert synth["RunOrder"] < pin["RunOrder"] < test["RunOrder"], (
        "in the stage of the synthesis, which no other one enters meanwhile"
    )
    (variable,) = json.loads(publish["Configuration"]["EnvironmentVariables"])
    assert variable["value"] == f"#{{{pin['Namespace']}.DIGEST}}"
    assert pin["InputArtifacts"] == publish["InputArtifacts"] == synth["OutputArtifacts"]


def test_who_approves_is_told_what_the_check_found_and_where_to_read_more(prod: Template, app: str) -> None:
    found = release(prod, app)
    check, approve, verify = (named(found, name) for name in ("Check", "Approve", "Verify"))
    assert approve["Configuration"] == {
        "CustomData": f"#{{{check['Namespace']}.MESSAGE}} #{{{check['Namespace']}.LINK}}",
        "ExternalEntityLink": f"#{{{check['Namespace']}.LINK}}",
    }
    variables = {each["name"]: each["value"] for each in json.loads(verify["Configuration"]["EnvironmentVariables"])}
    assert variables == {"STEP": "verify", "APPROVED_FINGERPRINT": f"#{{{check['Namespace']}.FINGERPRINT}}"}
    assert verify["Configuration"]["ProjectName"] == check["Configuration"]["ProjectName"]


def own_builds(pipeline: Template) -> list[str]:
    """The builds that hold a role of the environment: all but synthesis and tests."""
    projects = pipeline.resources("AWS::CodeBuild::Project")
    return [id_ for id_ in projects if "BuildSynth" not in id_ and not id_.startswith("BlueprintTest")]


def test_nothing_of_an_artifact_is_run_or_read_as_settings_by_a_build_with_a_role_of_prod(prod: Template) -> None:
    """Buildspecs lie in the pipeline, and each phase begins in an empty folder with an empty home."""
    for project in own_builds(prod):
        text = prod.only("AWS::CodeBuild::Project", project)["Source"]["BuildSpec"]
        assert text.lstrip().startswith("{"), "a name would be that of a file in the artifact"
        assert len(text) <= LONGEST_BUILD_SPEC
        for phase in build_spec(prod, project)["phases"].values():
            for number, command in enumerate(PROGRAM.sub("<program>", each) for each in phase.get("commands", [])):
                assert number or command == 'export HOME="$(mktemp -d)" && cd "$(mktemp -d)"'
                assert "CODEBUILD_SRC_DIR" not in command
                assert not re.search(r"\bcdk (?!-)|cdk diff|cdk deploy|npx", command)
                assert "python3" not in command or "python3 -E -s" in command


def test_the_check_installs_nothing(prod: Template) -> None:
    (project,) = [id_ for id_ in own_builds(prod) if "Check" in id_]
    assert not [command for command in commands(prod, project) if "npm" in command or "pip" in command]


def test_the_check_reads_what_is_prepared_and_executed_the_pipeline_itself_first(prod: Template, app: str) -> None:
    (project,) = [id_ for id_ in own_builds(prod) if "Check" in id_]
    (written,) = [command for command in commands(prod, project) if command.endswith("> release.json")]
    places = json.loads(written.removeprefix("printf %s '").removesuffix("' > release.json"))
    assert [place["stack"] for place in places] == [
        f"odp-prod-{app}-Pipeline",
        *sorted(f"odp-prod-{app}-{stack}" for stack in STACKS[app]),
    ]
    assert {place["change_set"] for place in places} == {
        action["Configuration"]["ChangeSetName"]
        for action in release(prod, app)
        if "ChangeSetName" in action["Configuration"]
    }
    for place in places:
        account = "1" * 12 if place["stack"].endswith("Pipeline") else ACCOUNTS["prod"]
        assert place["role"] == f"arn:aws:iam::{account}:role/cdk-odpprod-lookup-role-{account}-us-east-1"


def test_every_configuration_is_as_short_as_codepipeline_wants(prod: Template) -> None:
    for stage in definition(prod)["Stages"]:
        for action in stage["Actions"]:
            assert all(len(json.dumps(value)) < LONGEST_CONFIGURATION for value in action["Configuration"].values())


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_nobody_is_asked_where_data_is_not_protected(synthesis: Synthesis, app: str, environment: str) -> None:
    pipeline = synthesis.templates[f"odp-{environment}-{app}-Pipeline"]
    assert approvals(pipeline) == []
    assert not [id_ for id_ in pipeline.resources("AWS::CodeBuild::Project") if "Release" in id_]


def with_all_on_main() -> Json:
    """All environments live on one branch."""
    document = known()
    for environment in document["environments"].values():
        environment["branch"] = "main"
    return document


def test_on_a_trunk_a_protected_environment_waits_before_anything_of_it_changes(app: str, tmp_path: Path) -> None:
    """A push starts all pipelines at once: dev's has no right in prod, prod's executes nothing without an approval."""
    found = synthesised(with_all_on_main(), tmp_path, app)
    assert {name: approvals(found[f"odp-{name}-{app}-Pipeline"]) for name in ACCOUNTS} == {
        "dev": [],
        "test": [],
        "prod": [f"odp-prod-{app}"],
    }
    for name in ("dev", "test"):
        assert ACCOUNTS["prod"] not in json.dumps(found[f"odp-{name}-{app}-Pipeline"].body)


def assumed_by(pipeline: Template) -> Any:
    """What the role of the check may assume."""
    (policy,) = [policy for id_, policy in pipeline.resources("AWS::IAM::Policy").items() if "ReleaseCheck" in id_]
    (statement,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Action"] == "sts:AssumeRole"]
    return statement["Resource"]


def test_a_check_reads_what_it_compares_and_no_other_account(prod: Template) -> None:
    def lookup(account: str) -> str:
        return f"arn:aws:iam::{account}:role/cdk-odpprod-lookup-role-{account}-us-east-1"

    assert assumed_by(prod) == [lookup("1" * 12), lookup("4" * 12)]
