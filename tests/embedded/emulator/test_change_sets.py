"""Change sets as AWS describes and executes them, as far as somebody who approves one relies on it."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Document = dict[str, Any]
Client = Any


def template(days: Any = 30, **more: Document) -> str:
    rules = {"Rules": [{"Id": "Expire", "Status": "Enabled", "ExpirationInDays": days}]}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": rules}, "DeletionPolicy": "Retain"}
    parameters = {"Days": {"Type": "Number", "Default": 30}}
    return json.dumps({"Parameters": parameters, "Resources": {"Bucket": bucket, **more}})


@pytest.fixture
def cloudformation(aws: Callable[[str], Client]) -> Client:
    """With a stack that is deployed."""
    client = aws("cloudformation")
    client.create_stack(StackName="lake", TemplateBody=template())
    settled(client)
    return client


def settled(client: Client) -> str:
    deadline = time.monotonic() + 30
    while (status := client.describe_stacks(StackName="lake")["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS"):
        assert time.monotonic() < deadline, status
        time.sleep(0.05)
    return str(status)


def prepared(client: Client, body: str, name: str = "change", **options: Any) -> Document:
    client.create_change_set(StackName="lake", ChangeSetName=name, TemplateBody=body, **options)
    return described(client, name)


def described(client: Client, name: str = "change", **options: Any) -> Document:
    found: Document = client.describe_change_set(StackName="lake", ChangeSetName=name, **options)
    return found


def test_the_values_before_and_after_are_told_to_who_asks_for_them(cloudformation: Client) -> None:
    prepared(cloudformation, template(1, Topic={"Type": "AWS::SNS::Topic", "Properties": {"TopicName": '<"&>'}}))
    changes = {
        change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"]
        for change in described(cloudformation, IncludePropertyValues=True)["Changes"]
    }
    before, after = (json.loads(changes["Bucket"][f"{side}Context"]) for side in ("Before", "After"))
    days = [each["Properties"]["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] for each in (before, after)]
    assert days == [30, 1]
    assert before["DeletionPolicy"] == "Retain"
    assert "BeforeContext" not in changes["Topic"]
    assert json.loads(changes["Topic"]["AfterContext"])["Properties"] == {"TopicName": '<"&>'}
    assert "AfterContext" not in json.dumps(described(cloudformation)["Changes"])


def test_values_behind_parameters_are_told(cloudformation: Client) -> None:
    """In both templates the property is the same reference."""
    cloudformation.update_stack(
        StackName="lake", TemplateBody=template({"Ref": "Days"}, Topic={"Type": "AWS::SNS::Topic"})
    )
    settled(cloudformation)
    value = [{"ParameterKey": "Days", "ParameterValue": "1"}]
    prepared(cloudformation, template({"Ref": "Days"}, Topic={"Type": "AWS::SNS::Topic"}), Parameters=value)
    (change,) = described(cloudformation, IncludePropertyValues=True)["Changes"]
    sides = [json.loads(change["ResourceChange"][f"{side}Context"]) for side in ("Before", "After")]
    rules = [side["Properties"]["LifecycleConfiguration"]["Rules"][0] for side in sides]
    assert [str(rule["ExpirationInDays"]) for rule in rules] == ["30", "1"]


def test_a_change_set_keeps_the_template_that_it_was_made_of(cloudformation: Client) -> None:
    prepared(cloudformation, template(1))
    found = cloudformation.get_template(StackName="lake", ChangeSetName="change")["TemplateBody"]
    assert found == json.loads(template(1))
    assert cloudformation.get_template(StackName="lake")["TemplateBody"] == json.loads(template())


def test_an_empty_change_set_failed_and_says_why(cloudformation: Client) -> None:
    found = prepared(cloudformation, template())
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in found["StatusReason"]


def refused(client: Client, name: str = "change") -> str:
    with pytest.raises(ClientError) as refusal:
        client.execute_change_set(StackName="lake", ChangeSetName=name)
    return str(refusal.value.response["Error"]["Code"])


def test_a_change_set_whose_stack_was_changed_otherwise_is_obsolete(cloudformation: Client) -> None:
    prepared(cloudformation, template(1))
    cloudformation.update_stack(StackName="lake", TemplateBody=template(7))
    settled(cloudformation)
    assert described(cloudformation)["ExecutionStatus"] == "OBSOLETE"
    assert refused(cloudformation) == "InvalidChangeSetStatus"
    assert cloudformation.get_template(StackName="lake")["TemplateBody"] == json.loads(template(7))


def test_the_execution_of_one_change_set_takes_the_others_away(cloudformation: Client) -> None:
    prepared(cloudformation, template(1))
    prepared(cloudformation, template(7), "other")
    cloudformation.execute_change_set(StackName="lake", ChangeSetName="other")
    assert settled(cloudformation) == "UPDATE_COMPLETE"
    assert refused(cloudformation) in ("ChangeSetNotFound", "ChangeSetNotFoundException")
    assert refused(cloudformation, "other") == "InvalidChangeSetStatus", "nothing is executed twice"
