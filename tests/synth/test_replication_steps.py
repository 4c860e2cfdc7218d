"""A pipeline stops the replications that it changes, right before it changes them, with the rights for that alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployment_account.pipeline_programs import LONGEST_BUILD_SPEC
from scripts.bootstrap.execution_policy.policies import boundary_of
from tests.synth.configurations import Json, configured_app, platform_of, synthesised
from tests.synth.conftest import Synthesis, findings_of
from tests.synth.pipeline_templates import actions, build_spec, commands, stages
from tests.synth.synthesis import ACCOUNTS, Template
from tests.synth.test_permissions import as_list
from tests.synth.test_permissions import statements as statements_by_role
from tests.synth.test_pipeline_boundary import cut
from tests.synth.test_replication import DATABASE, with_replication
from tests.tools.scripts.bootstrap.iam_evaluation import allows

OPERATOR = "arn:aws:iam::{account}:role/odp-{environment}-replication-operator"


def replicated(**changes: object) -> Json:
    """The known configuration, whose dev and prod have DMS replicate their source."""
    document = with_replication(**changes)
    dev = document["environments"]["dev"]
    document["environments"]["prod"] |= {key: dev[key] for key in ("sources", "interface_endpoints")}
    return document


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return synthesised(replicated(), tmp_path_factory.mktemp("etl"), "etl")


@pytest.fixture(params=["dev", "prod"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pipeline(found: dict[str, Template], environment: str) -> Template:
    return found[f"odp-{environment}-etl-Pipeline"]


@pytest.fixture
def stack(found: dict[str, Template], environment: str) -> Template:
    return found[f"odp-{environment}-etl-Replication"]


def project_of(pipeline: Template) -> str:
    (project,) = (id_ for id_ in pipeline.resources("AWS::CodeBuild::Project") if "Replication" in id_)
    return project


def test_a_pipeline_without_replications_has_no_such_steps(synthesis: Synthesis) -> None:
    for name, template in synthesis.templates.items():
        assert not name.endswith("-Pipeline") or "eplication" not in json.dumps(template.body.get("Resources"))


def test_it_stops_after_everything_else_and_right_before_the_change(pipeline: Template, environment: str) -> None:
    ordered = actions(pipeline, f"odp-{environment}-etl")
    orders = {action["Name"]: int(action["RunOrder"]) for action in ordered}
    executed = {
        action["Configuration"]["StackName"].rsplit("-", 1)[1]: int(action["RunOrder"])
        for action in ordered
        if action["Configuration"].get("ActionMode") == "CHANGE_SET_EXECUTE"
    }
    prepared = {
        action["Configuration"]["StackName"].rsplit("-", 1)[1]: int(action["RunOrder"])
        for action in ordered
        if action["Configuration"].get("ActionMode") == "CHANGE_SET_REPLACE"
    }
    stop, resume = orders["StopReplications"], orders["ResumeReplications"]
    others = [order for stack, order in executed.items() if stack != "Replication"]
    assert max(others) < stop
    assert prepared["Replication"] < stop
    assert (executed["Replication"], resume) == (stop + 1, stop + 2)
    assert resume == max(orders.values())
    assert len(stages(pipeline)) == (3 if environment == "prod" else 5)


def test_each_action_runs_its_step_of_one_build(pipeline: Template, environment: str) -> None:
    named = {action["Name"]: action for action in actions(pipeline, f"odp-{environment}-etl")}
    for name, step in (("StopReplications", "stop"), ("ResumeReplications", "resume")):
        configuration = named[name]["Configuration"]
        assert configuration["ProjectName"] == {"Ref": project_of(pipeline)}
        (variable,) = json.loads(configuration["EnvironmentVariables"])
        assert (variable["name"], variable["value"]) == ("STEP", step)


def test_the_build_runs_the_program_of_the_deployed_pipeline_in_an_empty_folder(pipeline: Template) -> None:
    project = project_of(pipeline)
    assert len(pipeline.only("AWS::CodeBuild::Project", project)["Source"]["BuildSpec"]) <= LONGEST_BUILD_SPEC
    first, *_, last = commands(pipeline, project)
    assert first == 'export HOME="$(mktemp -d)" && cd "$(mktemp -d)"'
    assert last == 'python3 -E -s -m deployment_account.replication_step "$STEP"'
    assert build_spec(pipeline, project)["phases"]["install"] == {"runtime-versions": {"python": "3.11"}}


def test_the_build_takes_one_role_and_reads_and_logs_besides(pipeline: Template, environment: str) -> None:
    operator = OPERATOR.format(account=ACCOUNTS[environment], environment=environment)
    of_build = {id_[:-8] for id_ in pipeline.resources("AWS::IAM::Role") if "Replication" in id_}
    allowed = {
        action: as_list(statement["Resource"])
        for role, statement in statements_by_role(pipeline)
        if role in of_build
        for action in as_list(statement["Action"])
    }
    assert set(allowed) == {
        *("s3:GetObject", "s3:GetObjectVersion", "kms:Decrypt", "sts:AssumeRole"),
        *("logs:CreateLogStream", "logs:PutLogEvents"),
    }
    assert allowed["sts:AssumeRole"] == [operator]


def test_the_boundary_leaves_the_build_its_role_and_no_other_of_the_account(
    pipeline: Template, environment: str, tmp_path: Path
) -> None:
    platform = platform_of(replicated(), tmp_path)
    bounds = list(boundary_of(platform, platform.environments[environment]).document["Statement"])
    lost = {(role, action) for role, action, _ in cut(pipeline, bounds)}
    assert not [role for role, _ in lost if "Replication" in role]
    account = ACCOUNTS[environment]
    assert allows(bounds, "sts:AssumeRole", OPERATOR.format(account=account, environment=environment))
    assert not allows(bounds, "sts:AssumeRole", f"arn:aws:iam::{account}:role/odp-{environment}-dms-default")


def operator_of(stack: Template) -> tuple[str, Json]:
    ((id_, role),) = (
        (id_, role)
        for id_, role in stack.resources("AWS::IAM::Role").items()
        if str(role.get("RoleName", "")).endswith("-replication-operator")
    )
    return id_, role


def test_the_operator_is_taken_by_the_builds_of_its_own_pipeline_alone(
    stack: Template, pipeline: Template, environment: str
) -> None:
    (statement,) = operator_of(stack)[1]["AssumeRolePolicyDocument"]["Statement"]
    assert "111111111111" in json.dumps(statement["Principal"])
    (build,) = statement["Condition"]["ArnEquals"].values()
    (role,) = (role for role in pipeline.resources("AWS::IAM::Role").values() if "RoleName" in role)
    assert build == f"arn:aws:iam::111111111111:role/{role['RoleName']}"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("serverless", {"dms:StartReplication", "dms:StopReplication"}),
        ("instance", {"dms:StartReplicationTask", "dms:StopReplicationTask"}),
    ],
)
def test_the_operator_stops_and_starts_the_replications_of_the_environment_alone(
    kind: str, expected: set[str], tmp_path: Path
) -> None:
    document = with_replication(kind=kind)
    erp = {"folder": "erp", "replication": {**DATABASE, "kind": kind}}
    document["environments"]["dev"]["sources"] |= {"erp": erp}
    entries = [{"source_table_name": "taxi_trips.table_1"}, {"source_table_name": "erp:sales.orders"}]
    stack = of_manifest(document, entries, tmp_path)["odp-dev-etl-Replication"]
    replications = {
        id_ for id_ in stack.body["Resources"] if stack.body["Resources"][id_]["Type"] in
        ("AWS::DMS::ReplicationConfig", "AWS::DMS::ReplicationTask")
    }  # fmt: skip
    role = operator_of(stack)[0][:-8]
    rights = {
        action: as_list(statement["Resource"])
        for of, statement in statements_by_role(stack)
        if of == role
        for action in as_list(statement["Action"])
    }
    describe = "dms:DescribeReplications" if kind == "serverless" else "dms:DescribeReplicationTasks"
    reading = {describe, "cloudformation:DescribeChangeSet", "cloudformation:GetTemplate"}
    assert set(rights) == {*expected, *reading, "ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"}
    for action in expected:
        assert {one["Ref"] for one in rights[action]} == replications
    assert rights[describe] == ["*"], "the only one on everything"
    assert [action for action, resources in rights.items() if "*" in resources] == [describe]
    assert "odp-dev-etl-Replication/*" in json.dumps(rights["cloudformation:GetTemplate"])
    parameters = json.dumps(rights["ssm:PutParameter"])
    assert parameters.count("parameter/odp/dev/replication-stopped/") == len(replications) == 2


def of_manifest(document: Json, entries: list[Json], folder: Path) -> dict[str, Template]:
    """The stacks of dev for tables of two sources."""
    manifests = folder / "manifests"
    manifests.mkdir()
    cadence: dict[str, Any] = {
        "refresh_cadence": "1_min_refresh",
        "glue_job_name": "odpf_file_processor",
        "glue_job_worker_type": "G.1X",
        "glue_job_max_workers": 2,
        "refresh_tables_batch_size": 20,
    }
    defaults = {"refresh_cadence": "1_min_refresh", "partition_key": "", "primary_key": "id"}
    defaults |= {"change_sequence": "SEQ", "table_format": "iceberg", "raw_database_name": "odpf_shop"}
    manifest = {"defaults": defaults, "batch_configs": [cadence], "raw_table_configs": entries}
    (manifests / "all.json").write_text(json.dumps(manifest))
    return synthesised(document, folder, "etl", manifests, direct="dev")


@pytest.mark.parametrize(
    ("kind", "environment"), [("serverless", "prod"), ("instance", "dev")], indirect=["environment"]
)
def test_cdk_nag_finds_nothing_in_a_pipeline_with_these_steps(kind: str, environment: str, tmp_path: Path) -> None:
    app = configured_app(replicated(kind=kind), tmp_path, "etl", pipeline=environment)
    assert findings_of(app, tmp_path / "out") == set()
