"""Who is told what about a pipeline, and that the telling arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.synth.conftest import Synthesis
from tests.synth.synthesis import APPS, Template


@pytest.fixture(params=APPS)
def pipeline(request: pytest.FixtureRequest, synthesis: Synthesis, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-{request.param}-Pipeline"]


NOTICES: dict[str, tuple[str, dict[str, Any], str]] = {
    "NoticesFailed": ("Pipeline Execution", {"state": ["FAILED"]}, " failed "),
    "NoticesSucceeded": ("Pipeline Execution", {"state": ["SUCCEEDED"]}, " succeeded "),
    "NoticesApprovalNeeded": (
        "Action Execution",
        {"state": ["STARTED"], "type": {"category": ["Approval"]}},
        " waits for an approval in stage <detail-stage> ",
    ),
}


def message(rule: dict[str, Any]) -> str:
    (target,) = rule["Targets"]
    parts = target["InputTransformer"]["InputTemplate"]["Fn::Join"][1]
    return "".join("odp" if isinstance(part, dict) else part for part in parts)


@pytest.mark.parametrize("name", NOTICES)
def test_what_needs_attention_is_told_of_this_pipeline_alone(pipeline: Template, name: str) -> None:
    kind, detail, _ = NOTICES[name]
    rule = pipeline.only("AWS::Events::Rule", name)
    assert rule["State"] == "ENABLED"
    (pipeline_id,) = pipeline.resources("AWS::CodePipeline::Pipeline")
    assert rule["EventPattern"] == {
        "source": ["aws.codepipeline"],
        "detail-type": [f"CodePipeline {kind} State Change"],
        "detail": {"pipeline": [{"Ref": pipeline_id}], **detail},
    }


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_says_what_happened_and_where_to_look(pipeline: Template, name: str) -> None:
    """Defect 26 of the reference: the subject of a success was "Job Failed"."""
    _, _, what = NOTICES[name]
    rule = pipeline.only("AWS::Events::Rule", name)
    assert message(rule).startswith(f'"Pipeline odp{what}')
    assert "/codesuite/codepipeline/pipelines/odp/view" in message(rule)
    paths = rule["Targets"][0]["InputTransformer"]["InputPathsMap"]
    assert all(f"<{name}>" in message(rule) for name in paths)


def test_the_topic_is_encrypted_with_a_key_that_eventbridge_may_use(pipeline: Template) -> None:
    (key_id,) = pipeline.resources("AWS::KMS::Key")
    assert pipeline.only("AWS::SNS::Topic")["KmsMasterKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    statements = pipeline.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    (events,) = [statement for statement in statements if statement.get("Sid") == "EventBridgeToEncryptedTopics"]
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert set(events["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_the_topic_takes_messages_over_tls_and_from_eventbridge_only(pipeline: Template) -> None:
    statements = pipeline.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (deny,) = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert {json.dumps(statement["Principal"]) for statement in allowed} == {'{"Service": "events.amazonaws.com"}'}
    assert {statement["Action"] for statement in allowed} == {"sns:Publish"}


def test_the_configured_addresses_are_subscribed(pipeline: Template) -> None:
    """Defect 26 of the reference: a topic without subscribers."""
    subscriptions = pipeline.resources("AWS::SNS::Subscription").values()
    assert [(each["Protocol"], each["Endpoint"]) for each in subscriptions] == [("email", "data-platform@example.com")]
