"""What the deployment of the taxi flow's landing promises."""

from __future__ import annotations

from dataclasses import replace

import pytest
from taxi.datasets.dataset import load_datasets
from taxi.landing.raw_sweep import landing_folders

from tests.synth.synthesis import Template

KEYS_OF_THE_DATASETS = [
    "nyc-taxi/yellow/yellow_tripdata_2021-01.csv",
    "nyc-taxi/green/2024/a b+c%20é/x.parquet",
    "nyc-taxi/yelow/typo.csv",
]


def logical_id(taxi: Template, type_: str, starts_with: str) -> str:
    (found,) = [id_ for id_ in taxi.resources(type_) if id_.startswith(starts_with)]
    return found


def test_events_of_the_raw_bucket_go_to_the_queue(taxi: Template, environment: str) -> None:
    rule = taxi.only("AWS::Events::Rule", "LandingFileLanded")
    pattern = rule["EventPattern"]
    assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
    (bucket,) = pattern["detail"]["bucket"]["name"]
    assert taxi.body["Parameters"][bucket["Ref"]]["Default"] == f"/odp/{environment}/buckets/raw"
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [logical_id(taxi, "AWS::SQS::Queue", "LandingQueue"), "Arn"]}


def test_files_below_and_beside_the_prefixes_are_seen_and_the_tables_of_the_bucket_are_not(taxi: Template) -> None:
    """A file in a folder that is almost a dataset's is rejected where people see it, not passed over."""
    (watched,) = taxi.only("AWS::Events::Rule", "LandingFileLanded")["EventPattern"]["detail"]["object"]["key"]
    assert watched.keys() == {"prefix"}
    assert all(dataset.prefix.startswith(watched["prefix"]) for dataset in load_datasets().values())
    assert all(key.startswith(watched["prefix"]) for key in KEYS_OF_THE_DATASETS)
    assert not "odpf_demo_taxi_trips_raw/table_1/part-0.parquet".startswith(watched["prefix"])


def test_a_dataset_in_another_folder_is_one_more_prefix() -> None:
    yellow = load_datasets()["yellow"]
    datasets = [yellow, replace(yellow, name="bikes", prefix="bikes/2026/")]
    assert landing_folders(datasets) == ["bikes/", "nyc-taxi/"]


@pytest.mark.parametrize("name", ["LandingQueue", "LandingDeadLetters"])
def test_queues_are_encrypted_with_the_data_key_and_keep_messages_as_long_as_sqs_can(taxi: Template, name: str) -> None:
    queue = taxi.only("AWS::SQS::Queue", name)
    assert taxi.body["Parameters"][queue["KmsMasterKeyId"]["Ref"]]["Default"].endswith("/kms/data-key-arn")
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("name", ["LandingQueue", "LandingDeadLetters"])
def test_queues_accept_tls_only(taxi: Template, name: str) -> None:
    statements = taxi.only("AWS::SQS::QueuePolicy", name)["PolicyDocument"]["Statement"]
    (deny,) = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_message_that_fails_five_times_is_kept_aside(taxi: Template) -> None:
    redrive = taxi.only("AWS::SQS::Queue", "LandingQueue")["RedrivePolicy"]
    dead_letters = logical_id(taxi, "AWS::SQS::Queue", "LandingDeadLetters")
    assert redrive == {"deadLetterTargetArn": {"Fn::GetAtt": [dead_letters, "Arn"]}, "maxReceiveCount": 5}


def test_files_dropped_together_come_together_and_failed_messages_return_alone(taxi: Template) -> None:
    """Defect 25 of the reference: only the first record of a batch was looked at."""
    mapping = taxi.only("AWS::Lambda::EventSourceMapping")
    assert mapping["MaximumBatchingWindowInSeconds"] == 20
    assert mapping["BatchSize"] == 200
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_messages_are_hidden_until_the_slowest_batch_is_done(taxi: Template) -> None:
    queue, mapping = taxi.only("AWS::SQS::Queue", "LandingQueue"), taxi.only("AWS::Lambda::EventSourceMapping")
    function = taxi.only("AWS::Lambda::Function", "LandingHandler")
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"] + mapping["MaximumBatchingWindowInSeconds"]


def test_the_function_knows_its_table_and_its_state_machine(taxi: Template, environment: str) -> None:
    function = taxi.only("AWS::Lambda::Function", "LandingHandler")
    assert function["Handler"] == "taxi.landing.handler.handle"
    variables = function["Environment"]["Variables"]
    assert variables["LAKE"] == f"odp-{environment}"
    assert variables["STATE_MACHINE_ARN"] == {"Ref": logical_id(taxi, "AWS::StepFunctions::StateMachine", "Flow")}
    assert variables["AUDIT_TABLE"] == "taxi_audit"


def test_rule_2_the_sweep_goes_on_every_hour_for_files_without_an_event(taxi: Template) -> None:
    rule = taxi.only("AWS::Events::Rule", "LandingSweep")
    function = taxi.only("AWS::Lambda::Function", "LandingSweep")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 hour)", "ENABLED")
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [logical_id(taxi, "AWS::Lambda::Function", "LandingSweep"), "Arn"]}
    assert (function["Handler"], function["Timeout"]) == ("taxi.landing.sweep.handle", 300)
