"""What people are told, and that the telling arrives."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.configuration import PROJECT
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template

ALARMS = ("Odp", "Taxi")
CONFIGURED = {
    "FailedTableOptimizers",
    *("FailedReplicas", "FailedTaxiReplicas", "LateRegionItems", "LateReplicas", "LateTaxiReplicas", "PendingReplicas"),
}
"""Alarms of what an environment may configure, and those that the tests know do not."""
SILENT = "AlertsSilentSweeps"
"""Of this one, no data is bad news."""


@pytest.fixture
def template(synthesis: Synthesis, environment: str, stack: str) -> Template:
    return synthesis.templates[f"odp-{environment}-etl-{stack}"]


def rows() -> dict[str, str]:
    """What the handbook says to do about each alarm."""
    page = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    cells = [
        line.split("|")
        for line in page.split("\n## Alarms\n")[1].split("\n## ")[0].splitlines()
        if line.startswith("| `")
    ]
    return {name: row[3] for row in cells for name in re.findall(r"`(\w+)`", row[1])}


def name_of(id_: str) -> str:
    """The name of an alarm by its logical id, which ends with eight digits of a hash."""
    return id_[:-8].removeprefix("Alerts")


def test_the_handbook_says_what_to_do_about_each_alarm_and_of_no_other(synthesis: Synthesis, environment: str) -> None:
    """CloudWatch writes the mail, so it names no table."""
    descriptions = {
        name_of(id_): str(alarm["AlarmDescription"])
        for stack in ALARMS
        for id_, alarm in synthesis.templates[f"odp-{environment}-etl-{stack}"]
        .resources("AWS::CloudWatch::Alarm")
        .items()
    }
    assert descriptions.keys() == rows().keys() - CONFIGURED
    for name, description in descriptions.items():
        assert description.endswith(f". What to do: docs/operations.md, Alarms, {name}.")
        assert len(rows()[name].split()) >= 2


@pytest.mark.parametrize("stack", ALARMS)
def test_one_failure_is_enough_and_silence_is_none(template: Template) -> None:
    (topic,) = template.resources("AWS::SNS::Topic")
    alarms = template.resources("AWS::CloudWatch::Alarm")
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == [{"Ref": topic}], name
        if not name.startswith(SILENT):
            assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0), name
            assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching"), name
    assert alarms


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


@pytest.mark.parametrize("stack", ALARMS)
def test_what_the_runtime_counts_is_watched_as_it_writes_it(template: Template, environment: str) -> None:
    """The runtime knows no alarm, so nothing else ties the two."""
    from lake.metrics import LAKE, NAMESPACE, Metric

    own = [each for each in template.resources("AWS::CloudWatch::Alarm").values() if each["Namespace"] == NAMESPACE]
    for alarm in own:
        assert alarm["MetricName"] in {metric.value for metric in Metric}
        assert alarm["Dimensions"] == [{"Name": LAKE, "Value": f"odp-{environment}"}]
        assert alarm["Statistic"] == "Sum", alarm["MetricName"]
    assert own
    functions = template.resources("AWS::Lambda::Function").values()
    assert {function["Environment"]["Variables"]["LAKE"] for function in functions} == {f"odp-{environment}"}


def test_each_count_of_the_runtime_has_an_alarm(synthesis: Synthesis, environment: str) -> None:
    from lake.metrics import NAMESPACE, Metric

    watched = {
        alarm["MetricName"]
        for stack in ALARMS
        for alarm in synthesis.templates[f"odp-{environment}-etl-{stack}"].resources("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == NAMESPACE
    }
    assert watched == {metric.value for metric in Metric}


@pytest.mark.parametrize("stack", ["Odp"])
def test_a_sweep_that_nobody_calls_is_noticed_although_it_counts_nothing(template: Template) -> None:
    alarm = template.only("AWS::CloudWatch::Alarm", SILENT)
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Invocations")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (3600, 3, "breaching")
    (dimension,) = alarm["Dimensions"]
    assert dimension["Value"]["Ref"].startswith("FileManagerSweep")


def undelivered(template: Template) -> tuple[str, dict[str, Any]]:
    """The queue of undelivered events."""
    ((id_, queue),) = [
        (id_, queue)
        for id_, queue in template.resources("AWS::SQS::Queue").items()
        if id_.startswith("AlertsUndelivered")
    ]
    return id_, queue


@pytest.mark.parametrize("stack", ALARMS)
def test_every_schedule_and_every_rule_keeps_what_it_could_not_deliver(template: Template) -> None:
    """Code review C10: a cadence that never started alarmed nobody."""
    id_, _ = undelivered(template)
    schedules = [each["Target"] for each in template.resources("AWS::Scheduler::Schedule").values()]
    rules = [target for rule in template.resources("AWS::Events::Rule").values() for target in rule["Targets"]]
    assert schedules
    assert rules
    for target in (*schedules, *rules):
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [id_, "Arn"]}}
    for name, keeping in {"Odp": "UndeliveredEvents", "Taxi": "UndeliveredTaxiEvents"}.items():
        if template.stack.endswith(name):
            (dimension,) = template.only("AWS::CloudWatch::Alarm", f"Alerts{keeping}")["Dimensions"]
            assert dimension["Value"] == {"Fn::GetAtt": [id_, "QueueName"]}


@pytest.mark.parametrize("stack", ALARMS)
def test_undelivered_events_are_encrypted_kept_for_two_weeks_and_taken_from_own_rules_only(template: Template) -> None:
    id_, queue = undelivered(template)
    key = template.body["Parameters"][queue["KmsMasterKeyId"]["Ref"]]
    assert key["Default"].endswith("/kms/data-key-arn")
    assert queue["MessageRetentionPeriod"] == 14 * 86_400
    (policy,) = [
        each for each in template.resources("AWS::SQS::QueuePolicy").values() if each["Queues"] == [{"Ref": id_}]
    ]
    deny, *allowed = policy["PolicyDocument"]["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    rules = template.resources("AWS::Events::Rule").keys()
    assert {each["Principal"]["Service"] for each in allowed} == {"events.amazonaws.com"}
    sources = [each["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][0] for each in allowed]
    assert sorted(sources) == sorted(rules)


@pytest.mark.parametrize("stack", ALARMS)
def test_schedules_may_write_to_the_encrypted_queue(template: Template) -> None:
    """Scheduler writes as the schedule's role, so that the role needs the key, too."""
    id_, _ = undelivered(template)
    targets = [each["Target"] for each in template.resources("AWS::Scheduler::Schedule").values()]
    (role,) = {target["RoleArn"]["Fn::GetAtt"][0] for target in targets}
    granted = {
        action: statement["Resource"]
        for policy in template.resources("AWS::IAM::Policy").values()
        if policy["Roles"] == [{"Ref": role}]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert granted.keys() == {"states:StartExecution", "sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey"}
    assert granted["sqs:SendMessage"] == {"Fn::GetAtt": [id_, "Arn"]}
    assert template.body["Parameters"][granted["kms:Decrypt"]["Ref"]]["Default"].endswith("/kms/data-key-arn")


@pytest.mark.parametrize("stack", ["Odp"])
def test_the_batch_manager_and_the_sweep_publish_and_no_job_does(template: Template) -> None:
    (topic,) = template.resources("AWS::SNS::Topic")
    publishers = {
        role["Ref"][:-8]: statement["Resource"]
        for policy in template.resources("AWS::IAM::Policy").values()
        for role in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "sns:Publish" in statement.get("Action", ())
    }
    expected = ("FileProcessorBatchManagerRole", "FileManagerSweepRole")
    assert publishers == {role: {"Ref": topic} for role in expected}


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
