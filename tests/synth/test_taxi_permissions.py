"""What each role of the taxi flow may do, action by action and resource by resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from taxi.datasets.dataset import load_datasets
from taxi.landing import raw_sweep, sweep

from tests.function_call import CallContext
from tests.synth.called_actions import ENVIRONMENT, recorded
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import ACCOUNTS, Template
from tests.synth.test_permissions import as_list, statements, text

LANDING, SWEEP = "LandingHandlerRole", "LandingSweepRole"
BUNDLES, WORKFLOW = "FlowBundlesRole", "FlowWorkflowRole"
CONFORMED, PURPOSE_BUILT = "FlowJobsConformedRole", "FlowJobsPurposeBuiltRole"
SCHEDULES = "FlowSchedulesRole"
ROLES = {LANDING, SWEEP, BUNDLES, WORKFLOW, CONFORMED, PURPOSE_BUILT, SCHEDULES}
TABLE_FILES = {"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"}


def granted(taxi: Template, service: str) -> dict[str, dict[str, set[str]]]:
    """The actions of a service by role and resource."""
    found: dict[str, dict[str, set[str]]] = {}
    for role, statement in statements(taxi):
        for action in as_list(statement["Action"]):
            if action.startswith(f"{service}:"):
                for resource in as_list(statement["Resource"]):
                    found.setdefault(role, {}).setdefault(_short(taxi, resource), set()).add(action)
    return found


def _short(taxi: Template, resource: Any) -> str:
    return text(taxi, resource).removeprefix("arn:aws:s3:::")


def of_data(actions: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Without the assets, whose names are hashes."""
    return {resource: found for resource, found in actions.items() if not resource.startswith("cdk-")}


def test_there_are_no_other_roles(taxi: Template, is_prod: bool) -> None:
    readers = {"ReaderRole"} if is_prod else set()
    assert {id_[:-8] for id_ in taxi.resources("AWS::IAM::Role")} == ROLES | readers


def test_schedules_start_the_flow_and_nothing_else(taxi: Template) -> None:
    (state_machine,) = taxi.resources("AWS::StepFunctions::StateMachine")
    actions = [as_list(s["Action"]) for role, s in statements(taxi) if role == SCHEDULES]
    assert sorted(actions) == [["kms:Decrypt", "kms:GenerateDataKey"], ["sqs:SendMessage"], ["states:StartExecution"]]
    assert granted(taxi, "states")[SCHEDULES] == {f'{{"Ref": "{state_machine}"}}': {"states:StartExecution"}}


def test_landing_registers_files_and_starts_executions_and_nothing_else(taxi: Template, is_prod: bool) -> None:
    """Defect 30 of the reference: the trigger's role reached every table."""
    (audit,) = granted(taxi, "dynamodb")[LANDING].items()
    assert audit[0].endswith(":table/taxi_audit")
    assert audit[1] == {"dynamodb:GetItem", "dynamodb:PutItem"}
    (state_machine,) = taxi.resources("AWS::StepFunctions::StateMachine")
    assert granted(taxi, "states")[LANDING] == {f'{{"Ref": "{state_machine}"}}': {"states:StartExecution"}}
    services = {
        action.split(":")[0] for role, s in statements(taxi) if role == LANDING for action in as_list(s["Action"])
    }
    of_the_network = {"ec2"} if is_prod else set()
    assert services - of_the_network == {"dynamodb", "kms", "logs", "sqs", "states"}


def test_the_sweep_lists_the_raw_bucket_and_registers_files_and_nothing_else(taxi: Template, is_prod: bool) -> None:
    (audit,) = granted(taxi, "dynamodb")[SWEEP].items()
    assert audit[0].endswith(":table/taxi_audit")
    assert audit[1] == {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"}
    assert granted(taxi, "s3")[SWEEP] == {"<raw>": {"s3:ListBucketVersions"}}
    actions = [action for role, s in statements(taxi) if role == SWEEP for action in as_list(s["Action"])]
    of_the_network = {"ec2"} if is_prod else set()
    assert {action.split(":")[0] for action in actions} - of_the_network == {"dynamodb", "kms", "logs", "s3"}


@pytest.fixture
def moto() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.mark.usefixtures("moto")
def test_the_sweep_calls_what_it_may_and_nothing_else(taxi: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ENVIRONMENT, "AUDIT_TABLE": "audit", "RAW_BUCKET": "raw"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(raw_sweep, "EVENTS_TAKE", timedelta())
    boto3.client("dynamodb").create_table(
        TableName="audit",
        KeySchema=[
            {"AttributeName": "dataset", "KeyType": "HASH"},
            {"AttributeName": "file_id", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("dataset", "file_id")],
        BillingMode="PAY_PER_REQUEST",
    )
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="raw")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    for key in ("nyc-taxi/yellow/a.csv", "nyc-taxi/readme.txt"):
        s3.put_object(Bucket="raw", Key=key)
    with recorded() as called:
        assert sweep.handle({}, CallContext(milliseconds=300_000)) == {"landed": 1, "rejected": 1}
    of_services = [granted(taxi, service)[SWEEP] for service in ("dynamodb", "s3")]
    assert {action for action, _ in called} == set().union(*(each for found in of_services for each in found.values()))


def test_bundles_are_claimed_and_closed_in_the_audit_table_and_below_their_prefix(taxi: Template) -> None:
    (audit,) = granted(taxi, "dynamodb")[BUNDLES].values()
    actions = ("ConditionCheckItem", "DeleteItem", "GetItem", "Query", "UpdateItem")
    assert audit == {f"dynamodb:{action}" for action in actions}
    assert granted(taxi, "s3")[BUNDLES] == {
        "<config>/taxi/bundles/*": {"s3:GetObject", "s3:PutObject"},
        "<config>": {"s3:ListBucket"},
    }


def test_who_finds_a_dataset_taken_may_ask_after_the_executions_of_the_flow_alone(
    taxi: Template, environment: str
) -> None:
    executions = f"arn:aws:states:us-east-1:{ACCOUNTS[environment]}:execution:taxi_flow:*"
    assert granted(taxi, "states")[BUNDLES] == {executions: {"states:DescribeExecution"}}


def test_only_functions_touch_the_audit_table(taxi: Template) -> None:
    assert granted(taxi, "dynamodb").keys() == {LANDING, SWEEP, BUNDLES}


def test_the_state_machine_runs_its_two_jobs_and_no_others(taxi: Template, environment: str) -> None:
    here = f"arn:aws:glue:us-east-1:{ACCOUNTS[environment]}:job"
    actions = {f"glue:{action}" for action in ("StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun")}
    assert granted(taxi, "glue")[WORKFLOW] == {
        f"{here}/taxi_raw_to_conformed": actions,
        f"{here}/taxi_conformed_to_purpose_built": actions,
    }


def test_the_state_machine_tells_its_topic_calls_its_function_and_starts_itself(
    taxi: Template, environment: str
) -> None:
    (topic,) = taxi.resources("AWS::SNS::Topic")
    assert granted(taxi, "sns") == {WORKFLOW: {f'{{"Ref": "{topic}"}}': {"sns:Publish"}}}
    (function,) = granted(taxi, "lambda")[WORKFLOW]
    assert "FlowBundlesFunction" in function
    own = f"arn:aws:states:us-east-1:{ACCOUNTS[environment]}:stateMachine:taxi_flow"
    assert granted(taxi, "states")[WORKFLOW] == {own: {"states:StartExecution"}}


def test_the_conformed_job_reads_its_bundle_and_files_and_writes_its_tables_and_quarantine(taxi: Template) -> None:
    """Defect 30 of the reference: the job's role wrote to every bucket."""
    assert of_data(granted(taxi, "s3")[CONFORMED]) == {
        "<config>/taxi/bundles/*": {"s3:GetObject"},
        "<config>/taxi/bundles/*.outcome.json": {"s3:PutObject"},
        **{f"<raw>/{dataset.prefix}*": {"s3:GetObject"} for dataset in load_datasets().values()},
        "<raw>": {"s3:ListBucket"},
        "<conformed>/nyc_taxi_conformed/*": TABLE_FILES,
        "<conformed>/quarantine/*": {"s3:PutObject"},
        "<conformed>": {"s3:ListBucket"},
    }


def test_the_purpose_built_job_reads_conformed_tables_and_writes_its_own(taxi: Template) -> None:
    assert of_data(granted(taxi, "s3")[PURPOSE_BUILT]) == {
        "<conformed>/nyc_taxi_conformed/*": {"s3:GetObject"},
        "<conformed>": {"s3:ListBucket"},
        "<purpose-built>/nyc_taxi_purpose_built/*": TABLE_FILES,
        "<purpose-built>": {"s3:ListBucket"},
    }


READING = {"glue:GetDatabase", "glue:GetTable"}
WRITING = READING | {"glue:CreateTable", "glue:UpdateTable"}


@pytest.mark.parametrize(
    ("role", "databases"),
    [
        (CONFORMED, {"nyc_taxi_conformed": WRITING}),
        (PURPOSE_BUILT, {"nyc_taxi_conformed": READING, "nyc_taxi_purpose_built": WRITING}),
    ],
)
def test_jobs_know_their_databases_alone_and_delete_nothing_from_the_catalog(
    taxi: Template, environment: str, role: str, databases: dict[str, set[str]]
) -> None:
    here = f"arn:aws:glue:us-east-1:{ACCOUNTS[environment]}"
    expected = {f"{here}:catalog": WRITING}
    if environment == "prod":
        connections = {f"{here}:connection/odpf_private_us-east-1{zone}": {"glue:GetConnection"} for zone in "abc"}
        expected = {f"{here}:catalog": WRITING | {"glue:GetConnection"}, **connections}
    for database, actions in databases.items():
        expected |= {f"{here}:database/{database}": actions, f"{here}:table/{database}/*": actions}
    assert granted(taxi, "glue")[role] == expected


@pytest.mark.parametrize("role", [CONFORMED, PURPOSE_BUILT])
def test_of_the_assets_a_job_reads_its_package_and_its_script(taxi: Template, role: str) -> None:
    job = taxi.only("AWS::Glue::Job", role.removesuffix("Role"))
    used = {job["DefaultArguments"]["--extra-py-files"], job["Command"]["ScriptLocation"]}
    assets = {name for name in granted(taxi, "s3")[role] if name.startswith("cdk-")}
    assert {f"s3://{name}" for name in assets} == used


def test_keys_are_used_and_never_managed_and_the_data_key_is_the_only_one(taxi: Template) -> None:
    for role, keys in granted(taxi, "kms").items():
        assert keys.keys() == {"<data-key-arn>"}, role
        (actions,) = keys.values()
        assert "kms:Decrypt" in actions
        assert not {action for action in actions if "Key" in action} - {
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
        }


def test_the_names_that_the_jobs_roles_will_get_are_those_that_may_replace_files(synthesis: Synthesis) -> None:
    """In prod the buckets deny deletion to every role but tagged ones of the lake's etl stage."""
    taxi = synthesis.templates["odp-prod-etl-Taxi"]
    for id_, role in taxi.resources("AWS::IAM::Role").items():
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        assert (tags.get("odp:data-writer") == "odp-prod") is (id_[:-8] in {CONFORMED, PURPOSE_BUILT}), id_
        assert ("RoleName" in role) is id_.startswith("ReaderRole"), "which people type, and which writes nothing"
    assert taxi.stack[:24].startswith("odp-prod-etl-")
