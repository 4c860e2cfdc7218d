"""What the File Processor's deployment promises: schedule, Glue job, Batch Manager and their one runtime."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.bootstrap.runtimes import PYTHON
from tests.synth.function_zip import function_zip
from tests.synth.synthesis import Template

CADENCE = "10_min_refresh"


def test_each_cadence_of_the_manifests_starts_the_state_machine_with_its_name(odp: Template) -> None:
    """Defect 20 of the reference: the schedule's input lacked the cadence."""
    schedule = odp.only("AWS::Scheduler::Schedule")
    assert schedule["Name"] == f"odpf_file_processor_{CADENCE}"
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("rate(10 minutes)", "ENABLED")
    (state_machine,) = odp.resources("AWS::StepFunctions::StateMachine")
    assert schedule["Target"]["Arn"] == {"Ref": state_machine}
    assert json.loads(schedule["Target"]["Input"]) == {"refresh_cadence": CADENCE}


def test_a_start_that_fails_is_given_up_before_the_next_one(odp: Template) -> None:
    retry = odp.only("AWS::Scheduler::Schedule")["Target"]["RetryPolicy"]
    assert retry == {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 3}


def test_the_job_runs_a_supported_glue_and_leaves_further_tries_to_the_state_machine(odp: Template) -> None:
    """Defects 21 and 13 of the reference: an ended Glue version, and parallel batches beyond one concurrent run."""
    job = odp.only("AWS::Glue::Job")
    assert float(job["GlueVersion"]) >= 5, "AWS ended 2.0, by which the reference ran"
    assert job["MaxRetries"] == 0, "the state machine knows whether to run again"


def test_batches_running_at_a_time_are_fewer_than_the_job_allows(odp: Template) -> None:
    definition = "".join(map(str, odp.only("AWS::StepFunctions::StateMachine")["DefinitionString"]["Fn::Join"][1]))
    assert '"MaxConcurrency":10,' in definition
    assert odp.only("AWS::Glue::Job")["ExecutionProperty"]["MaxConcurrentRuns"] > 10


def test_spark_is_told_what_hudi_iceberg_and_s3a_need_in_one_conf(odp: Template) -> None:
    """Glue reads one --conf only, so that further settings follow in its value; Hudi starts with Kryo only."""
    arguments = odp.only("AWS::Glue::Job")["DefaultArguments"]
    assert (arguments["--datalake-formats"], arguments["--enable-glue-datacatalog"]) == ("hudi,iceberg", "true")
    parts = arguments["--conf"]["Fn::Join"][1]
    conf = "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)
    settings = dict(setting.split("=", 1) for setting in conf.split(" --conf "))
    assert settings["spark.sql.catalog.glue_catalog"] == "org.apache.iceberg.spark.SparkCatalog"
    assert settings["spark.sql.catalog.glue_catalog.cache-enabled"] == "false"
    assert "raw" in settings["spark.sql.catalog.glue_catalog.warehouse"].lower()
    assert settings["spark.serializer"] == "org.apache.spark.serializer.KryoSerializer"
    assert settings["spark.hadoop.fs.s3a.endpoint.region"] == "us-east-1"


def test_rule_14_what_the_manifests_name_is_the_most_workers_of_a_run_which_gives_back_those_that_are_idle(
    odp: Template, taxi: Template
) -> None:
    for template in (odp, taxi):
        for job in template.resources("AWS::Glue::Job").values():
            assert job["DefaultArguments"]["--enable-auto-scaling"] == "true"


def test_logs_of_every_job_are_bounded_to_warnings_of_spark_without_heartbeats_and_progress(
    odp: Template, taxi: Template
) -> None:
    """Glue has logged continuously since 5.0, 1 to 10 MB a run at INFO: up to 88 $ a month of small runs."""
    for template in (odp, taxi):
        for job in template.resources("AWS::Glue::Job").values():
            arguments = job["DefaultArguments"]
            assert arguments["--enable-continuous-log-filter"] == "true"
            conf = json.dumps(arguments["--conf"])  # of the taxi flow a join of texts and references
            assert " --conf spark.log.level=WARN --conf spark.ui.showConsoleProgress=false" in conf
            assert not {"--enable-metrics", "--enable-spark-ui", "--enable-observability-metrics"} & set(arguments)


def test_the_job_knows_every_argument_that_its_code_demands(odp: Template) -> None:
    from dataclasses import MISSING, fields

    from odp.file_processor.job import JobArguments

    given_by_glue, given_by_the_run = {"JOB_NAME", "JOB_RUN_ID"}, {"plan_key", "batch"}
    without_default = {field.name for field in fields(JobArguments) if field.default is MISSING}
    demanded = without_default - given_by_glue - given_by_the_run
    defaults = {name.removeprefix("--") for name in odp.only("AWS::Glue::Job")["DefaultArguments"]}
    assert demanded <= defaults
    assert not defaults & given_by_the_run


def test_jobs_know_the_sources_and_which_bucket_has_which_role(odp: Template, environment: str) -> None:
    arguments = odp.only("AWS::Glue::Job")["DefaultArguments"]
    assert json.loads(arguments["--sources"]) == {"default": {"folder": ""}}
    separator, parts = arguments["--buckets"]["Fn::Join"]
    names = (odp.body["Parameters"][part["Ref"]]["Default"] if isinstance(part, dict) else part for part in parts)
    assert json.loads(separator.join(names)) == {
        role: f"/odp/{environment}/buckets/{role}" for role in ("staging", "raw")
    }


def test_table_arguments_name_the_tables_they_are_called_after(odp: Template) -> None:
    arguments = odp.only("AWS::Glue::Job")["DefaultArguments"]
    named = {
        name.removeprefix("--").removesuffix("_table"): value
        for name, value in arguments.items()
        if name.endswith("_table")
    }
    assert named
    for name, table in named.items():
        assert table == f"odpf_{name}"


def test_what_the_job_writes_and_logs_is_encrypted_with_the_data_key(odp: Template) -> None:
    security = odp.only("AWS::Glue::SecurityConfiguration")
    assert odp.only("AWS::Glue::Job")["SecurityConfiguration"] == security["Name"]
    encryption = security["EncryptionConfiguration"]
    modes = (
        encryption["S3Encryptions"][0]["S3EncryptionMode"],
        encryption["CloudWatchEncryption"]["CloudWatchEncryptionMode"],
        encryption["JobBookmarksEncryption"]["JobBookmarksEncryptionMode"],
    )
    assert modes == ("SSE-KMS", "SSE-KMS", "CSE-KMS")
    keys = [encryption["S3Encryptions"][0], encryption["CloudWatchEncryption"], encryption["JobBookmarksEncryption"]]
    for key in keys:
        assert odp.body["Parameters"][key["KmsKeyArn"]["Ref"]]["Default"].endswith("/kms/data-key-arn")


def test_functions_run_the_python_of_glue(odp: Template) -> None:
    """Defect 21 of the reference: Python 3.8 functions, which Lambda no longer runs."""
    functions = odp.resources("AWS::Lambda::Function").values()
    found = {function["Runtime"] for function in functions if function["Handler"] != "odp.native.handler.handle"}
    assert found == {"python3.11"} == {PYTHON}, "the check tells when the support of this one ends"


def test_the_function_without_a_jvm_runs_the_python_for_whose_system_there_is_arrow(odp: Template) -> None:
    function = odp.only("AWS::Lambda::Function", "FileProcessorNative")
    assert (function["Handler"], function["Runtime"]) == ("odp.native.handler.handle", "python3.13")
    assert (function["MemorySize"], function["Timeout"]) == (3008, 900)
    tags = {tag["Key"]: tag["Value"] for tag in odp.only("AWS::IAM::Role", "FileProcessorNativeRole")["Tags"]}
    assert "odp:data-writer" in tags, "it deletes files that no snapshot has any more"


def test_job_and_function_are_told_the_same_of_the_tables_that_they_refresh(odp: Template) -> None:
    arguments = odp.only("AWS::Glue::Job")["DefaultArguments"]
    variables = odp.only("AWS::Lambda::Function", "FileProcessorNative")["Environment"]["Variables"]
    told = {name: value for name, value in variables.items() if name != "LAKE"}
    assert len(told) == 14
    assert told.pop("MAX_BYTES_PER_REFRESH") == str(128 * 1024 * 1024), "changes of one commit are in its memory"
    assert told == {name: arguments[f"--{name.lower()}"] for name in told}


def package_folder(odp: Template) -> Path:
    package = odp.only("AWS::Glue::Job")["DefaultArguments"]["--extra-py-files"]
    (folder,) = odp.folder.parent.glob(f"asset.{package.rsplit('/', 1)[-1].removesuffix('.zip')}")
    return folder


def test_the_package_holds_the_runtime_and_no_caches(odp: Template) -> None:
    folder = package_folder(odp)
    assert (folder / "odp" / "file_manager" / "handler.py").is_file()
    assert (folder / "odp" / "file_processor" / "job.py").is_file()
    assert not [path for path in folder.rglob("*") if path.name == "__pycache__" or path.suffix == ".pyc"]


def test_handlers_are_in_the_package(odp: Template) -> None:
    for function in odp.resources("AWS::Lambda::Function").values():
        module, name = function["Handler"].rsplit(".", 1)
        source = function_zip(odp, function["Runtime"]).read(module.replace(".", "/") + ".py").decode()
        assert f"def {name}(" in source


def test_the_job_runs_the_script_of_the_package(odp: Template) -> None:
    script = odp.only("AWS::Glue::Job")["Command"]["ScriptLocation"].rsplit("/", 1)[-1]
    (deployed,) = odp.folder.parent.glob(f"asset.{script}")
    assert deployed.read_text() == (package_folder(odp) / "odp" / "file_processor" / "job.py").read_text()


def test_logs_are_encrypted_and_kept_as_configured(odp: Template, is_prod: bool) -> None:
    logs = odp.resources("AWS::Logs::LogGroup").values()
    assert logs
    for log in logs:
        assert log["RetentionInDays"] == (365 if is_prod else 30)
        assert odp.body["Parameters"][log["KmsKeyId"]["Ref"]]["Default"].endswith("/kms/data-key-arn")


def test_the_job_finds_its_log_groups_made_under_the_names_that_glue_will_use(odp: Template, environment: str) -> None:
    """Glue 5 ignores --continuous-log-logGroup; groups that it makes itself are kept for ever."""
    prefix = f"/aws-glue/jobs/odp-{environment}-etl"
    arguments = odp.only("AWS::Glue::Job")["DefaultArguments"]
    assert arguments["--custom-logGroup-prefix"] == prefix
    assert [name for name in arguments if "continuous" in name] == ["--enable-continuous-log-filter"]
    (role,) = [id_ for id_ in odp.resources("AWS::IAM::Role") if id_.startswith("FileProcessorJobsRole")]
    security = odp.only("AWS::Glue::SecurityConfiguration")["Name"]
    names = {
        id_: log["LogGroupName"]
        for id_, log in odp.resources("AWS::Logs::LogGroup").items()
        if id_.startswith("FileProcessorJobs")
    }
    # <prefix>/<security configuration>-role/<role of the job>/{error,output}, as AWS documents it
    assert sorted(names.values(), key=str) == [
        {"Fn::Join": ["", [f"{prefix}/{security}-role/", {"Ref": role}, f"/{kind}"]]} for kind in ("error", "output")
    ]
    (job,) = [each for each in odp.body["Resources"].values() if each["Type"] == "AWS::Glue::Job"]
    assert names.keys() <= set(job["DependsOn"])


def test_every_execution_is_logged_and_traced(odp: Template) -> None:
    state_machine = odp.only("AWS::StepFunctions::StateMachine")
    assert state_machine["StateMachineName"] == "odpf_file_processor"
    assert state_machine["LoggingConfiguration"]["Level"] == "ALL"
    assert state_machine["TracingConfiguration"] == {"Enabled": True}
