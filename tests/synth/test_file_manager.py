"""What the File Manager's deployment promises."""

from __future__ import annotations

from typing import Any

import pytest
from odp.file_manager.sources import DEFAULT_SOURCES, Sources

from tests.synth.synthesis import Template


def logical_id(odp: Template, type_: str, starts_with: str) -> str:
    (found,) = [id_ for id_ in odp.resources(type_) if id_.startswith(starts_with)]
    return found


def test_events_of_new_staging_objects_go_to_the_queue(odp: Template, environment: str) -> None:
    rule = odp.only("AWS::Events::Rule", "FileManagerFileLanded")
    pattern = rule["EventPattern"]
    assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
    (bucket,) = pattern["detail"]["bucket"]["name"]
    assert odp.body["Parameters"][bucket["Ref"]]["Default"] == f"/odp/{environment}/buckets/staging"
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [logical_id(odp, "AWS::SQS::Queue", "FileManagerQueue"), "Arn"]}


@pytest.mark.parametrize("name", ["FileManagerQueue", "FileManagerDeadLetters"])
def test_queues_are_encrypted_with_the_data_key_and_keep_messages_as_long_as_sqs_can(odp: Template, name: str) -> None:
    queue = odp.only("AWS::SQS::Queue", name)
    key = odp.body["Parameters"][queue["KmsMasterKeyId"]["Ref"]]
    assert key["Default"].endswith("/kms/data-key-arn")
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("name", ["FileManagerQueue", "FileManagerDeadLetters"])
def test_queues_accept_tls_only(odp: Template, name: str) -> None:
    statements = odp.only("AWS::SQS::QueuePolicy", name)["PolicyDocument"]["Statement"]
    (deny,) = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert (deny["Action"], deny["Principal"]) == ("sqs:*", {"AWS": "*"})
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_eventbridge_on_behalf_of_this_account_sends_to_the_queue(odp: Template) -> None:
    statements = odp.only("AWS::SQS::QueuePolicy", "FileManagerQueue")["PolicyDocument"]["Statement"]
    (allow,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert allow["Principal"] == {"Service": "events.amazonaws.com"}
    assert allow["Condition"]["StringEquals"].keys() == {"aws:SourceAccount"}


def test_a_message_that_fails_five_times_is_kept_aside(odp: Template) -> None:
    redrive = odp.only("AWS::SQS::Queue", "FileManagerQueue")["RedrivePolicy"]
    dead_letters = logical_id(odp, "AWS::SQS::Queue", "FileManagerDeadLetters")
    assert redrive == {"deadLetterTargetArn": {"Fn::GetAtt": [dead_letters, "Arn"]}, "maxReceiveCount": 5}


def test_failed_messages_of_a_batch_return_alone_and_are_not_seen_while_worked_on(odp: Template) -> None:
    """Defect 14 of the reference: one poisoned key made its good neighbours arrive again."""
    mapping = odp.only("AWS::Lambda::EventSourceMapping", "FileManager")
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}, "half of what a new account runs at once"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue, function = (
        odp.only("AWS::SQS::Queue", "FileManagerQueue"),
        odp.only("AWS::Lambda::Function", "FileManagerHandler"),
    )
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]


@pytest.mark.parametrize(
    ("starts_with", "handler", "more"),
    [
        ("FileManagerHandler", "odp.file_manager.handler.handle", {}),
        (
            "FileManagerSweep",
            "odp.file_manager.sweep.handle",
            {
                "FILE_PROCESSING_TRACKER_TABLE": "odpf_file_processing_tracker",
                "BATCH_CONFIG_TABLE": "odpf_batch_config",
                "RAW_TABLE_CONFIG_TABLE": "odpf_raw_table_config",
                "SCHEDULES": "enabled",
                "SCHEDULE_NAMES": "odpf_file_processor_",
            },
        ),
    ],
)
def test_the_functions_know_their_lake_its_sources_its_bucket_and_its_tables(
    odp: Template, environment: str, starts_with: str, handler: str, more: dict[str, str]
) -> None:
    function = odp.only("AWS::Lambda::Function", starts_with)
    assert function["Handler"] == handler
    variables: dict[str, Any] = dict(function["Environment"]["Variables"])
    assert variables.pop("LAKE") == f"odp-{environment}"
    assert Sources.from_json(variables.pop("SOURCES")) == DEFAULT_SOURCES
    bucket = odp.body["Parameters"][variables.pop("STAGING_BUCKET")["Ref"]]
    assert bucket["Default"] == f"/odp/{environment}/buckets/staging"
    is_sweep = starts_with == "FileManagerSweep"
    assert (variables.pop("LANDED_FILE_DAYS", "") != "") == is_sweep
    assert variables.pop("ENVIRONMENT", "") == (environment if is_sweep else "")
    topic = logical_id(odp, "AWS::SNS::Topic", "AlertsTopic")
    assert variables.pop("TOPIC_ARN", None) == ({"Ref": topic} if is_sweep else None)
    assert variables == {
        "FILE_TRACKER_TABLE": "odpf_file_tracker",
        "FILE_TRACKER_HISTORY_TABLE": "odpf_file_tracker_history",
        "QUARANTINE_TABLE": "odpf_quarantine",
        "CONFIG_DEPLOY_TRACKER_TABLE": "odpf_config_deploy_tracker",
        **more,
    }


def test_rule_2_the_sweep_goes_on_every_hour_for_files_without_an_event(odp: Template, is_prod: bool) -> None:
    rule = odp.only("AWS::Events::Rule", "FileManagerSweep")
    function = odp.only("AWS::Lambda::Function", "FileManagerSweep")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 hour)", "ENABLED")
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [logical_id(odp, "AWS::Lambda::Function", "FileManagerSweep"), "Arn"]}
    assert (function["Handler"], function["Timeout"]) == ("odp.file_manager.sweep.handle", 900)
    variables = function["Environment"]["Variables"]
    assert variables.keys() >= {"STAGING_BUCKET", "BATCH_CONFIG_TABLE", "RAW_TABLE_CONFIG_TABLE"}
    assert variables["LANDED_FILE_DAYS"] == ("180" if is_prod else "90")


def test_a_flood_of_files_leaves_other_functions_of_the_account_room(odp: Template) -> None:
    """An account has a thousand functions at a time; a queue without a bound would take them all."""
    mapping = odp.only("AWS::Lambda::EventSourceMapping", "FileManager")
    assert 2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 100
