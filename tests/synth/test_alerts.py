"""What people are told, and that the telling arrives."""

from __future__ import annotations

import pytest

from tests.synth.synthesis import Template

ALARMS = {
    "AlertsUnregisteredFiles": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    "AlertsRejectedFiles": ("ODP", "RejectedFiles"),
    "AlertsUndecidedConfigurations": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    "AlertsRefusedConfigurations": ("ODP", "RefusedConfigurations"),
    "AlertsFailedRefreshes": ("AWS/States", "ExecutionsFailed"),
}


def test_there_are_no_other_alarms(odp: Template) -> None:
    assert {id_[:-8] for id_ in odp.resources("AWS::CloudWatch::Alarm")} == ALARMS.keys()


@pytest.mark.parametrize("name", ALARMS)
def test_one_failure_is_enough_and_silence_is_none(odp: Template, name: str) -> None:
    alarm = odp.only("AWS::CloudWatch::Alarm", name)
    assert (alarm["Namespace"], alarm["MetricName"]) == ALARMS[name]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")
    (topic,) = odp.resources("AWS::SNS::Topic")
    assert alarm["AlarmActions"] == [{"Ref": topic}]


@pytest.mark.parametrize(
    ("alarm", "component"), [("UnregisteredFiles", "FileManager"), ("UndecidedConfigurations", "ConfigManager")]
)
def test_the_dead_letter_alarms_watch_the_dead_letter_queues(odp: Template, alarm: str, component: str) -> None:
    (dimension,) = odp.only("AWS::CloudWatch::Alarm", f"Alerts{alarm}")["Dimensions"]
    assert dimension["Value"]["Fn::GetAtt"][0].startswith(f"{component}DeadLetters")


@pytest.mark.parametrize("name", ["RejectedFiles", "RefusedConfigurations"])
def test_what_the_runtime_counts_is_watched_as_it_writes_it(odp: Template, name: str) -> None:
    from odp.cloudwatch import LAKE, NAMESPACE

    alarm = odp.only("AWS::CloudWatch::Alarm", f"Alerts{name}")
    assert alarm["Namespace"] == NAMESPACE
    lake = odp.only("AWS::Lambda::Function", "FileManager")["Environment"]["Variables"]["LAKE"]
    assert alarm["Dimensions"] == [{"Name": LAKE, "Value": lake}]
    assert alarm["Statistic"] == "Sum"


def test_the_topic_is_encrypted_with_a_key_that_alarms_may_use(odp: Template) -> None:
    key = odp.body["Parameters"][odp.only("AWS::SNS::Topic")["KmsMasterKeyId"]["Ref"]]
    assert key["Default"].endswith("/kms/data-key-arn"), "with alias/aws/sns alarms fail silently"


def test_alarms_may_publish_although_the_tls_policy_replaced_the_topics_default_one(odp: Template) -> None:
    statements = odp.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (deny,) = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (allow,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert (allow["Principal"], allow["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert allow["Condition"]["StringEquals"].keys() == {"aws:SourceAccount"}


def test_configured_addresses_are_subscribed(odp: Template, is_prod: bool) -> None:
    """Defect 26 of the reference: a topic without subscribers."""
    subscribed = [subscription["Endpoint"] for subscription in odp.resources("AWS::SNS::Subscription").values()]
    assert subscribed == (["data-platform@example.com"] if is_prod else [])
