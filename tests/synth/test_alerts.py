"""What people are told, and that the telling arrives."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template

ODP_ALARMS = {
    "UnregisteredFiles": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    "RejectedFiles": ("ODP", "RejectedFiles"),
    "MissedFiles": ("ODP", "MissedFiles"),
    "UnconfiguredTables": ("ODP", "UnconfiguredTables"),
    "ExpiringFiles": ("ODP", "ExpiringFiles"),
    "VanishedLoads": ("ODP", "VanishedLoads"),
    "SlowSweeps": ("ODP", "SlowSweeps"),
    "FailedSweeps": ("AWS/Lambda", "Errors"),
    "UndecidedConfigurations": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    "RefusedConfigurations": ("ODP", "RefusedConfigurations"),
    "FailedRefreshes": ("AWS/States", "ExecutionsFailed"),
}
TAXI_ALARMS = {
    "UnregisteredTaxiFiles": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    "RejectedTaxiFiles": ("ODP", "RejectedTaxiFiles"),
    "FailedTaxiFlows": ("AWS/States", "ExecutionsFailed"),
    "WaitingTaxiFiles": ("ODP", "WaitingTaxiFiles"),
}
ALARMS: Mapping[str, Mapping[str, tuple[str, str]]] = {"Odp": ODP_ALARMS, "Taxi": TAXI_ALARMS}
EACH = [(stack, alarm) for stack, alarms in ALARMS.items() for alarm in alarms]


@pytest.fixture
def template(synthesis: Synthesis, environment: str, stack: str) -> Template:
    return synthesis.templates[f"odp-{environment}-etl-{stack}"]


@pytest.mark.parametrize("stack", ALARMS)
def test_there_are_no_other_alarms(template: Template, stack: str) -> None:
    found = {id_[:-8].removeprefix("Alerts") for id_ in template.resources("AWS::CloudWatch::Alarm")}
    assert found == ALARMS[stack].keys()


@pytest.mark.parametrize(("stack", "name"), EACH)
def test_one_failure_is_enough_and_silence_is_none(template: Template, stack: str, name: str) -> None:
    alarm = template.only("AWS::CloudWatch::Alarm", f"Alerts{name}")
    assert (alarm["Namespace"], alarm["MetricName"]) == ALARMS[stack][name]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")
    (topic,) = template.resources("AWS::SNS::Topic")
    assert alarm["AlarmActions"] == [{"Ref": topic}]


@pytest.mark.parametrize(
    ("stack", "alarm", "component"),
    [
        ("Odp", "UnregisteredFiles", "FileManager"),
        ("Odp", "UndecidedConfigurations", "ConfigManager"),
        ("Taxi", "UnregisteredTaxiFiles", "Landing"),
    ],
)
def test_the_dead_letter_alarms_watch_the_dead_letter_queues(template: Template, alarm: str, component: str) -> None:
    (dimension,) = template.only("AWS::CloudWatch::Alarm", f"Alerts{alarm}")["Dimensions"]
    assert dimension["Value"]["Fn::GetAtt"][0].startswith(f"{component}DeadLetters")


@pytest.mark.parametrize(
    ("stack", "name"),
    [
        ("Odp", "RejectedFiles"),
        ("Odp", "RefusedConfigurations"),
        ("Taxi", "RejectedTaxiFiles"),
        ("Taxi", "WaitingTaxiFiles"),
    ],
)
def test_what_the_runtime_counts_is_watched_as_it_writes_it(template: Template, environment: str, name: str) -> None:
    from odp.cloudwatch import LAKE, NAMESPACE

    alarm = template.only("AWS::CloudWatch::Alarm", f"Alerts{name}")
    assert alarm["Namespace"] == NAMESPACE
    assert alarm["Dimensions"] == [{"Name": LAKE, "Value": f"odp-{environment}"}]
    functions = template.resources("AWS::Lambda::Function").values()
    assert {function["Environment"]["Variables"]["LAKE"] for function in functions} == {f"odp-{environment}"}
    assert alarm["Statistic"] == "Sum"


@pytest.mark.parametrize("stack", ALARMS)
def test_the_topic_is_encrypted_with_a_key_that_alarms_may_use(template: Template) -> None:
    """Defect 26 of the reference: an unencrypted topic."""
    key = template.body["Parameters"][template.only("AWS::SNS::Topic")["KmsMasterKeyId"]["Ref"]]
    assert key["Default"].endswith("/kms/data-key-arn"), "with alias/aws/sns alarms fail silently"


@pytest.mark.parametrize("stack", ALARMS)
def test_alarms_may_publish_although_the_tls_policy_replaced_the_topics_default_one(template: Template) -> None:
    statements = template.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (deny,) = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    alarms = {"Service": "cloudwatch.amazonaws.com"}
    (allow,) = [one for one in statements if one["Effect"] == "Allow" and one["Principal"] == alarms]
    assert allow["Action"] == "sns:Publish"
    assert allow["Condition"]["StringEquals"].keys() == {"aws:SourceAccount"}


@pytest.mark.parametrize("stack", ALARMS)
def test_configured_addresses_are_subscribed(template: Template, is_prod: bool) -> None:
    """Defect 26 of the reference: a topic without subscribers."""
    subscribed = [subscription["Endpoint"] for subscription in template.resources("AWS::SNS::Subscription").values()]
    assert subscribed == (["data-platform@example.com"] if is_prod else [])
