"""What the File Manager's deployment promises."""

from __future__ import annotations

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


def test_variables_of_functions_name_the_tables_they_are_called_after(odp: Template) -> None:
    named = {
        (name.removesuffix("_TABLE").lower(), table)
        for function in odp.resources("AWS::Lambda::Function").values()
        for name, table in function["Environment"]["Variables"].items()
        if name.endswith("_TABLE")
    }
    assert named
    assert [(name, table) for name, table in named if table != f"odpf_{name}"] == []


@pytest.mark.parametrize("function", ["FileManagerHandler", "FileManagerSweep"])
def test_the_functions_know_their_lake_its_sources_and_its_bucket(
    odp: Template, environment: str, function: str
) -> None:
    variables = odp.only("AWS::Lambda::Function", function)["Environment"]["Variables"]
    assert variables["LAKE"] == f"odp-{environment}"
    assert Sources.from_json(variables["SOURCES"]) == DEFAULT_SOURCES
    bucket = odp.body["Parameters"][variables["STAGING_BUCKET"]["Ref"]]
    assert bucket["Default"] == f"/odp/{environment}/buckets/staging"


def test_the_sweep_tells_of_its_environment_by_the_topic_of_its_stack(odp: Template, environment: str) -> None:
    variables = odp.only("AWS::Lambda::Function", "FileManagerSweep")["Environment"]["Variables"]
    assert variables["ENVIRONMENT"] == environment
    assert variables["TOPIC_ARN"] == {"Ref": logical_id(odp, "AWS::SNS::Topic", "AlertsTopic")}
    (schedule,) = odp.resources("AWS::Scheduler::Schedule").values()
    assert schedule["Name"].startswith(variables["SCHEDULE_NAMES"])


def test_rule_2_the_sweep_goes_on_every_hour_for_files_without_an_event(odp: Template, is_prod: bool) -> None:
    rule = odp.only("AWS::Events::Rule", "FileManagerSweep")
    function = odp.only("AWS::Lambda::Function", "FileManagerSweep")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 hour)", "ENABLED")
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [logical_id(odp, "AWS::Lambda::Function", "FileManagerSweep"), "Arn"]}
    assert (function["Handler"], function["Timeout"]) == ("odp.file_manager.sweep.handle", 900)
    variables = function["Environment"]["Variables"]
    assert variables["LANDED_FILE_DAYS"] == ("180" if is_prod else "90")


def test_a_flood_of_files_leaves_other_functions_of_the_account_room(odp: Template) -> None:
    """An account has a thousand functions at a time; a queue without a bound would take them all."""
    mapping = odp.only("AWS::Lambda::EventSourceMapping", "FileManager")
    assert 2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 100
