"""One run of a pipeline deploys both Regions: the secondary after the primary's success, under the same approval."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from scripts.bootstrap.execution_policy.policies import boundary_of
from tests.synth.configurations import platform_of
from tests.synth.pipeline_templates import actions, build_spec, definition, stages
from tests.synth.secondary_regions import (
    ACCOUNTS,
    PIPELINES,
    PRIMARY,
    SECONDARY,
    document,
    in_primary,
    in_secondary,
    region_of,
    stacks,
)
from tests.synth.synthesis import APPS, Template
from tests.synth.test_pipeline_boundary import cut
from tests.synth.test_pipelines import assert_keeps_versions
from tests.tools.scripts.bootstrap.iam_evaluation import allows

MOST_ACTIONS_OF_A_STAGE, LONGEST_ACTION_NAME, LONGEST_CONFIGURATION, LONGEST_BUILD_SPEC = 50, 100, 1_000, 25_600
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html, and what is written in
test_pipeline_approval.py."""
Action = dict[str, Any]
Change = tuple[str, str]
"""A Region and a stack."""


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["dev", "prod"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pipeline(app: str, environment: str) -> Template:
    return stacks(app)[f"odp-{environment}-{app}-Pipeline"]


def changes(found: list[Action], mode: str) -> dict[Change, int]:
    return {
        (action.get("Region") or PRIMARY, action["Configuration"]["StackName"]): int(action["RunOrder"])
        for action in found
        if action["Configuration"].get("ActionMode") == mode
    }


def deployed(environment: str, app: str) -> dict[str, set[Change]]:
    """The stacks of each Region's stage, each with the Region that it is deployed to."""
    of_stages = {PRIMARY: in_primary(environment, app), SECONDARY: in_secondary(environment, app)}
    return {
        region: {(region_of(template), template.stack) for template in found.values()}
        for region, found in of_stages.items()
    }


def test_an_unasked_release_enters_the_secondary_after_the_primary_has_succeeded(app: str) -> None:
    """CodePipeline enters a stage only when all actions of the one before it have succeeded."""
    pipeline = stacks(app)[f"odp-dev-{app}-Pipeline"]
    *_, before, last = stages(pipeline)
    assert (before, last) == (f"odp-dev-{app}", f"odp-dev-{app}-{SECONDARY}")
    for stage, region in ((before, PRIMARY), (last, SECONDARY)):
        executed = changes(actions(pipeline, stage), "CHANGE_SET_EXECUTE")
        assert executed.keys() == deployed("dev", app)[region]


def test_an_approval_is_for_all_that_both_regions_will_become(app: str) -> None:
    pipeline = stacks(app)[f"odp-prod-{app}-Pipeline"]
    assert stages(pipeline) == ["Source", "Build", f"odp-prod-{app}"]
    found = actions(pipeline, f"odp-prod-{app}")
    prepared, executed = changes(found, "CHANGE_SET_REPLACE"), changes(found, "CHANGE_SET_EXECUTE")
    own = (PRIMARY, f"odp-prod-{app}-Pipeline")
    wanted = {own}.union(*deployed("prod", app).values())
    assert prepared.keys() == executed.keys() == wanted
    orders = {action["Name"]: int(action["RunOrder"]) for action in found}
    assert max(prepared.values()) < orders["Check"] < orders["Approve"] < orders["Verify"] < min(executed.values())


def test_after_an_approval_the_secondary_begins_when_the_primary_is_done(app: str) -> None:
    found = actions(stacks(app)[f"odp-prod-{app}-Pipeline"], f"odp-prod-{app}")
    executed, of_stages = changes(found, "CHANGE_SET_EXECUTE"), deployed("prod", app)
    primary, secondary = ([executed[change] for change in of_stages[region]] for region in (PRIMARY, SECONDARY))
    assert executed[PRIMARY, f"odp-prod-{app}-Pipeline"] < min(primary)
    assert max(primary) < min(secondary)


def test_stacks_of_the_secondary_are_executed_in_the_order_of_their_dependencies() -> None:
    for app, ordered in (("infra", ("Backup", "Storage", "Network")), ("etl", ("Tables", "Odp", "Replication"))):
        found = actions(stacks(app)[f"odp-prod-{app}-Pipeline"], f"odp-prod-{app}")
        executed = changes(found, "CHANGE_SET_EXECUTE")
        orders = [executed[SECONDARY, f"odp-prod-{app}-{SECONDARY}-{stack}"] for stack in ordered]
        assert orders == sorted(set(orders))


def test_the_check_reads_the_change_sets_of_both_regions_by_the_roles_of_each(app: str) -> None:
    pipeline = stacks(app)[f"odp-prod-{app}-Pipeline"]
    (project,) = [id_ for id_ in pipeline.resources("AWS::CodeBuild::Project") if "ReleaseCheck" in id_]
    (written,) = [
        command
        for command in build_spec(pipeline, project)["phases"]["build"]["commands"]
        if command.endswith("> release.json")
    ]
    places = json.loads(written.removeprefix("printf %s '").removesuffix("' > release.json"))
    found = actions(pipeline, f"odp-prod-{app}")
    assert {(place["region"], place["stack"]) for place in places} == changes(found, "CHANGE_SET_EXECUTE").keys()
    assert places[0]["stack"] == f"odp-prod-{app}-Pipeline"
    for place in places:
        account = PIPELINES if place["stack"].endswith("-Pipeline") else ACCOUNTS["prod"]
        role = f"arn:aws:iam::{account}:role/cdk-odpprod-lookup-role-{account}-{place['region']}"
        assert place["role"] == role
    (policy,) = [policy for id_, policy in pipeline.resources("AWS::IAM::Policy").items() if "ReleaseCheck" in id_]
    (statement,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Action"] == "sts:AssumeRole"]
    assert set(statement["Resource"]) == {place["role"] for place in places}


def test_each_region_is_deployed_by_the_roles_of_its_own_bootstrap(
    pipeline: Template, app: str, environment: str
) -> None:
    account = ACCOUNTS[environment]
    seen = set()
    for stage in stages(pipeline):
        for action in actions(pipeline, stage):
            configuration = action["Configuration"]
            if "ActionMode" not in configuration or configuration["StackName"].endswith("-Pipeline"):
                continue
            region = action.get("Region") or PRIMARY
            assert f"deploy-role-{account}-{region}" in json.dumps(action["RoleArn"])
            seen.add(region)
    assert seen == {PRIMARY, SECONDARY}


def test_both_regions_are_published_to_from_what_was_approved() -> None:
    """One build publishes the assets of all stacks, by the roles of both bootstraps."""
    for environment, account in ACCOUNTS.items():
        pipeline = stacks("etl")[f"odp-{environment}-etl-Pipeline"]
        (role,) = [policy for id_, policy in pipeline.resources("AWS::IAM::Policy").items() if "AssetsFileRole" in id_]
        text = json.dumps(role)
        for region in (PRIMARY, SECONDARY):
            assert f"cdk-odp{environment}-file-publishing-role-{account}-{region}" in text


def test_names_and_numbers_of_actions_are_what_codepipeline_takes(pipeline: Template) -> None:
    for stage in definition(pipeline)["Stages"]:
        names = [action["Name"] for action in stage["Actions"]]
        assert len(names) == len(set(names)) <= MOST_ACTIONS_OF_A_STAGE
        assert all(re.fullmatch(r"[A-Za-z0-9.@_-]+", name) and len(name) <= LONGEST_ACTION_NAME for name in names)
        for action in stage["Actions"]:
            assert all(len(json.dumps(value)) < LONGEST_CONFIGURATION for value in action["Configuration"].values())
    for project in pipeline.resources("AWS::CodeBuild::Project").values():
        assert len(project["Source"]["BuildSpec"]) <= LONGEST_BUILD_SPEC


def test_artifacts_for_the_secondary_are_the_environments_own_and_kept_as_at_home(
    pipeline: Template, app: str, environment: str
) -> None:
    assert {store["Region"] for store in definition(pipeline)["ArtifactStores"]} == {PRIMARY, SECONDARY}
    support = stacks(app)[f"odp-{environment}-{app}-Pipeline-support-{SECONDARY}"]
    assert_keeps_versions(support, environment)
    (rule,) = support.only("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 30
    assert "OnlyThisEnvironment" in json.dumps(support.only("AWS::KMS::Key")["KeyPolicy"])


def test_replications_stop_right_before_the_change_of_their_own_region(environment: str) -> None:
    pipeline = stacks("etl")[f"odp-{environment}-etl-Pipeline"]
    of_regions = {PRIMARY: (f"odp-{environment}-etl", ""), SECONDARY: (f"odp-{environment}-etl-{SECONDARY}", "")}
    if environment == "prod":
        of_regions[SECONDARY] = ("odp-prod-etl", f"{SECONDARY}.")
    for region, (stage, prefix) in of_regions.items():
        found = actions(pipeline, stage)
        orders = {action["Name"]: int(action["RunOrder"]) for action in found}
        executed = changes(found, "CHANGE_SET_EXECUTE")
        (changed,) = (order for (there, name), order in executed.items() if there == region and "Replication" in name)
        stop, resume = orders[f"{prefix}StopReplications"], orders[f"{prefix}ResumeReplications"]
        assert (stop, resume) == (changed - 1, changed + 1)
        others = [order for change, order in executed.items() if change[0] == region and "Replication" not in change[1]]
        assert max(others) < stop


def steps_of(pipeline: Template, environment: str) -> dict[str, dict[str, str]]:
    """Where the steps of each action work, by the Region in that."""
    found = {}
    for stage in stages(pipeline):
        for action in actions(pipeline, stage):
            if action["Name"].endswith(("StopReplications", "ResumeReplications")):
                project = action["Configuration"]["ProjectName"]["Ref"]
                text = next(
                    line
                    for line in build_spec(pipeline, project)["phases"]["build"]["commands"]
                    if line.endswith("> place.json")
                )
                place = json.loads(text.removeprefix("printf %s '").removesuffix("' > place.json"))
                found[place["region"]] = place
    return found


def test_each_step_works_in_its_own_region_by_the_role_that_is_there(environment: str) -> None:
    places = steps_of(stacks("etl")[f"odp-{environment}-etl-Pipeline"], environment)
    account = ACCOUNTS[environment]
    ends = {PRIMARY: "", SECONDARY: f"-{SECONDARY}"}
    assert places.keys() == ends.keys()
    for region, end in ends.items():
        assert places[region]["role"] == f"arn:aws:iam::{account}:role/odp-{environment}-replication-operator{end}"
        assert places[region]["stack"] == f"odp-{environment}-etl{end}-Replication"
        stack = {PRIMARY: in_primary, SECONDARY: in_secondary}[region](environment, "etl")["Replication"]
        names = [role.get("RoleName") for role in stack.resources("AWS::IAM::Role").values()]
        assert places[region]["role"].rsplit("/", 1)[-1] in names


def test_one_role_of_the_builds_may_take_both_operators_and_both_let_no_other_in(environment: str) -> None:
    pipeline = stacks("etl")[f"odp-{environment}-etl-Pipeline"]
    (build,) = (role["RoleName"] for role in pipeline.resources("AWS::IAM::Role").values() if "RoleName" in role)
    taken = {
        str(resource)
        for policy in pipeline.resources("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "sts:AssumeRole"
        for resource in (statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]])
        if "operator" in str(resource)
    }
    assert taken == {place["role"] for place in steps_of(pipeline, environment).values()}
    for stack in (in_primary(environment, "etl"), in_secondary(environment, "etl")):
        (trust,) = (
            role["AssumeRolePolicyDocument"]["Statement"][0]
            for role in stack["Replication"].resources("AWS::IAM::Role").values()
            if "operator" in str(role.get("RoleName"))
        )
        assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{PIPELINES}:role/{build}"}}


def test_the_boundary_leaves_what_both_regions_need_and_no_other_role(
    pipeline: Template, environment: str, tmp_path: Path
) -> None:
    platform = platform_of(document(), tmp_path)
    bounds = list(boundary_of(platform, platform.environments[environment]).document["Statement"])
    lost = {(role, action) for role, action, _ in cut(pipeline, bounds)}
    assert not [role for role, _ in lost if "Replication" in role or "Release" in role]
    role = f"arn:aws:iam::{ACCOUNTS[environment]}:role/odp-{environment}"
    assert allows(bounds, "sts:AssumeRole", f"{role}-replication-operator-{SECONDARY}")
    assert not allows(bounds, "sts:AssumeRole", f"{role}-reader-{SECONDARY}")
