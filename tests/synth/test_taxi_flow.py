"""What the deployment of the taxi flow promises: bundles, the two jobs, and the state machine that calls them."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from etl_cdk.taxi_workflow import longest_round_seconds
from taxi.datasets.dataset import load_datasets

from lake.tables.iceberg.catalog import CATALOG
from tests.configuration import PROJECT
from tests.synth.function_zip import function_zip
from tests.synth.synthesis import Template

JOBS = {"FlowJobsConformed": "taxi_raw_to_conformed", "FlowJobsPurposeBuilt": "taxi_conformed_to_purpose_built"}
COMPONENTS = {"FlowJobsConformed": "conformed", "FlowJobsPurposeBuilt": "purpose_built"}
each_job = pytest.mark.parametrize("job", JOBS)


def definition(taxi: Template) -> dict[str, Any]:
    """The state machine's definition with what only the deployment knows in angle brackets."""
    parts = taxi.only("AWS::StepFunctions::StateMachine")["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else f"<{next(iter(part.values()))}>" for part in parts)
    parsed: dict[str, Any] = json.loads(text)
    return parsed


@each_job
def test_a_job_runs_a_supported_glue_and_leaves_further_tries_to_the_state_machine(taxi: Template, job: str) -> None:
    """Defect 21 of the reference: an ended Glue version."""
    found = taxi.only("AWS::Glue::Job", job)
    assert found["Name"] == JOBS[job]
    assert float(found["GlueVersion"]) >= 5, "AWS ended 2.0, by which the reference ran"
    assert found["MaxRetries"] == 0, "the state machine knows whether to run again"


def test_every_quarter_of_an_hour_someone_looks_for_files_that_an_execution_left_behind(taxi: Template) -> None:
    schedules = taxi.resources("AWS::Scheduler::Schedule").values()
    assert {each["ScheduleExpression"] for each in schedules} == {"rate(15 minutes)"}
    assert {each["State"] for each in schedules} == {"ENABLED"}
    inputs = sorted(json.loads(each["Target"]["Input"])["dataset"] for each in schedules)
    assert inputs == sorted(load_datasets())


@each_job
def test_every_dataset_can_be_loaded_at_the_same_time(taxi: Template, job: str) -> None:
    """Defect 22 of the reference: five concurrent runs, and the sixth upload failed."""
    runs = taxi.only("AWS::Glue::Job", job)["ExecutionProperty"]["MaxConcurrentRuns"]
    assert runs == len(load_datasets())


def text(taxi: Template, value: Any) -> str:
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text(taxi, part) for part in parts)
        case {"Ref": name}:
            return f"<{taxi.body['Parameters'][name]['Default'].rsplit('/', 1)[-1]}>"
        case _:
            return str(value)


@each_job
def test_spark_is_told_of_the_iceberg_catalog_in_one_conf(taxi: Template, job: str) -> None:
    arguments = taxi.only("AWS::Glue::Job", job)["DefaultArguments"]
    assert arguments["--datalake-formats"] == "iceberg"
    assert "--enable-glue-datacatalog" not in arguments
    settings = dict(setting.split("=", 1) for setting in text(taxi, arguments["--conf"]).split(" --conf "))
    assert settings[f"spark.sql.catalog.{CATALOG}"] == "org.apache.iceberg.spark.SparkCatalog"
    assert settings[f"spark.sql.catalog.{CATALOG}.warehouse"] == "s3://<conformed>/"


@each_job
def test_a_job_writes_into_the_bucket_and_the_database_of_its_layer(taxi: Template, job: str) -> None:
    arguments = taxi.only("AWS::Glue::Job", job)["DefaultArguments"]
    layer = COMPONENTS[job]
    assert text(taxi, arguments[f"--{layer}_bucket"]) == f"<{layer.replace('_', '-')}>"
    assert arguments[f"--{layer}_database"].endswith(f"_{layer}")


def demanded_arguments(taxi: Template, job: str) -> set[str]:
    """The fields without a default of the class by which a script reads its arguments."""
    script = ast.parse((package_folder(taxi) / "taxi" / COMPONENTS[job] / "job.py").read_text())
    (arguments,) = [each for each in script.body if isinstance(each, ast.ClassDef) and each.name == "JobArguments"]
    fields = [each.target for each in arguments.body if isinstance(each, ast.AnnAssign) and each.value is None]
    return {field.id for field in fields if isinstance(field, ast.Name)}


@each_job
def test_a_job_is_told_every_argument_that_its_code_demands_by_its_defaults_or_by_the_state_machine(
    taxi: Template, job: str
) -> None:
    (run,) = [
        state["Arguments"] for state in definition(taxi)["States"].values()
        if state.get("Arguments", {}).get("JobName") == JOBS[job]
    ]  # fmt: skip
    of_the_run = {name.removeprefix("--") for name in run["Arguments"]}
    defaults = {name.removeprefix("--") for name in taxi.only("AWS::Glue::Job", job)["DefaultArguments"]}
    given_by_glue = {"JOB_NAME", "JOB_RUN_ID"}
    assert of_the_run < demanded_arguments(taxi, job) <= of_the_run | defaults | given_by_glue


@each_job
def test_what_a_job_writes_and_logs_is_encrypted_with_the_data_key(taxi: Template, job: str) -> None:
    security = taxi.only("AWS::Glue::SecurityConfiguration")
    assert taxi.only("AWS::Glue::Job", job)["SecurityConfiguration"] == security["Name"] == "taxi_flow"
    encryption = security["EncryptionConfiguration"]
    parts = {
        "S3EncryptionMode": encryption["S3Encryptions"][0],
        "CloudWatchEncryptionMode": encryption["CloudWatchEncryption"],
        "JobBookmarksEncryptionMode": encryption["JobBookmarksEncryption"],
    }
    assert [part[mode] for mode, part in parts.items()] == ["SSE-KMS", "SSE-KMS", "CSE-KMS"]
    assert {text(taxi, part["KmsKeyArn"]) for part in parts.values()} == {"<data-key-arn>"}


@each_job
def test_a_job_finds_its_log_groups_made_under_the_names_that_glue_will_use(
    taxi: Template, environment: str, job: str
) -> None:
    prefix = f"/aws-glue/jobs/odp-{environment}-etl"
    assert taxi.only("AWS::Glue::Job", job)["DefaultArguments"]["--custom-logGroup-prefix"] == prefix
    (role,) = [id_ for id_ in taxi.resources("AWS::IAM::Role") if id_.startswith(job)]
    names = {
        id_: group["LogGroupName"]
        for id_, group in taxi.resources("AWS::Logs::LogGroup").items()
        if id_.startswith(job)
    }
    assert sorted(names.values(), key=str) == [
        {"Fn::Join": ["", [f"{prefix}/taxi_flow-role/", {"Ref": role}, f"/{kind}"]]} for kind in ("error", "output")
    ]
    (resource,) = [each for id_, each in taxi.body["Resources"].items() if id_.startswith(f"{job}Job")]
    assert names.keys() <= set(resource["DependsOn"])


def test_logs_are_encrypted_and_kept_as_configured(taxi: Template, is_prod: bool) -> None:
    logs = taxi.resources("AWS::Logs::LogGroup").values()
    assert logs
    for log in logs:
        assert log["RetentionInDays"] == (365 if is_prod else 30)
        assert text(taxi, log["KmsKeyId"]) == "<data-key-arn>"


def package_folder(taxi: Template) -> Path:
    package = taxi.only("AWS::Glue::Job", "FlowJobsConformed")["DefaultArguments"]["--extra-py-files"]
    (folder,) = taxi.folder.parent.glob(f"asset.{package.rsplit('/', 1)[-1].removesuffix('.zip')}")
    return folder


def test_jobs_run_the_package_of_the_whole_stage(taxi: Template, odp: Template) -> None:
    packages = {
        job["DefaultArguments"]["--extra-py-files"].rsplit("/", 1)[-1]
        for template in (taxi, odp)
        for job in template.resources("AWS::Glue::Job").values()
    }
    assert len(packages) == 1


@each_job
def test_a_job_runs_the_script_of_the_package(taxi: Template, job: str) -> None:
    script = taxi.only("AWS::Glue::Job", job)["Command"]["ScriptLocation"].rsplit("/", 1)[-1]
    (deployed,) = taxi.folder.parent.glob(f"asset.{script}")
    assert deployed.read_text() == (package_folder(taxi) / "taxi" / COMPONENTS[job] / "job.py").read_text()


def test_handlers_are_in_the_package(taxi: Template) -> None:
    for function in taxi.resources("AWS::Lambda::Function").values():
        module, name = function["Handler"].rsplit(".", 1)
        source = function_zip(taxi).read(module.replace(".", "/") + ".py").decode()
        assert f"def {name}(" in source


def test_datasets_and_rules_are_in_the_package(taxi: Template) -> None:
    folder = package_folder(taxi) / "taxi"
    assert {path.stem for path in (folder / "datasets").glob("*.json")} == set(load_datasets())
    written = PROJECT / "etl-repo" / "src" / "taxi" / "purpose_built" / "rules"
    rules = {path.name: path.read_text() for path in written.glob("*.sql")}
    assert {path.name: path.read_text() for path in (folder / "purpose_built" / "rules").glob("*.sql")} == rules
    assert rules


def test_the_bundles_function_knows_where_bundles_lie_and_how_long_a_round_can_be(taxi: Template) -> None:
    function = taxi.only("AWS::Lambda::Function", "FlowBundles")
    assert function["Handler"] == "taxi.bundles.handler.handle"
    variables = function["Environment"]["Variables"]
    assert variables["AUDIT_TABLE"] == "taxi_audit"
    assert text(taxi, variables["BUNDLE_BUCKET"]) == "<config>"
    assert (variables["MAX_FILES_PER_RUN"], variables["LEASE_SECONDS"]) == ("500", str(longest_round_seconds(60)))


def test_every_execution_is_logged_and_traced(taxi: Template) -> None:
    state_machine = taxi.only("AWS::StepFunctions::StateMachine")
    assert state_machine["StateMachineName"] == "taxi_flow"
    assert state_machine["LoggingConfiguration"]["Level"] == "ALL"
    assert state_machine["TracingConfiguration"] == {"Enabled": True}


def test_the_state_machine_calls_the_function_the_jobs_and_the_topic_of_its_stack(taxi: Template) -> None:
    states = definition(taxi)["States"]
    (topic,) = taxi.resources("AWS::SNS::Topic")
    assert {states[name]["Arguments"]["TopicArn"] for name in ("Notify", "TellInterruption")} == {f"<{topic}>"}
    assert [states[name]["Arguments"]["JobName"] for name in ("Conform", "Build")] == list(JOBS.values())
    for name in ("Claim", "Close"):
        assert states[name]["Arguments"]["FunctionName"].startswith("<['FlowBundlesFunction")


def test_the_states_of_jobs_wait_longer_than_the_jobs_may_take(taxi: Template) -> None:
    states = definition(taxi)["States"]
    for name, job in zip(("Conform", "Build"), JOBS, strict=True):
        assert states[name]["TimeoutSeconds"] > 60 * taxi.only("AWS::Glue::Job", job)["Timeout"]
