"""What another stack imports is neither deleted nor taken out of its stack nor changed."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

Aws = Callable[[str], Any]
TOPIC = {"Type": "AWS::SNS::Topic"}


def template(*outputs: str, imports: str = "", value: str = "v") -> str:
    body: dict[str, Any] = {"Resources": {"Topic": TOPIC}}
    if imports:
        body["Resources"]["Parameter"] = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Fn::ImportValue": imports}},
        }
    body["Outputs"] = {f"O{n}": {"Value": value, "Export": {"Name": name}} for n, name in enumerate(outputs)}
    return json.dumps(body)


@pytest.fixture
def stacks(aws: Aws) -> Any:
    """Two stacks; the second imports the first one's export."""
    stacks = aws("cloudformation")
    for name, body in (("exporting", template("used", "free")), ("importing", template(imports="used"))):
        stacks.create_stack(StackName=name, TemplateBody=body)
        stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return stacks


def updated(stacks: Any, body: str) -> str:
    stacks.update_stack(StackName="exporting", TemplateBody=body)
    with suppress(WaiterError):
        stacks.get_waiter("stack_update_complete").wait(
            StackName="exporting", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
    return str(stacks.describe_stacks(StackName="exporting")["Stacks"][0]["StackStatus"])


def test_a_stack_whose_export_is_in_use_is_not_deleted(stacks: Any) -> None:
    with pytest.raises(ClientError, match="used"):
        stacks.delete_stack(StackName="exporting")


@pytest.mark.parametrize("body", [template("free"), template("used", "free", value="another")])
def test_an_export_that_is_in_use_is_neither_taken_out_nor_changed(stacks: Any, body: str) -> None:
    assert updated(stacks, body) == "UPDATE_ROLLBACK_COMPLETE"
    exports = {each["Name"]: each["Value"] for each in stacks.list_exports()["Exports"]}
    assert exports == {"used": "v", "free": "v"}


def test_an_export_that_nobody_uses_is_taken_out(stacks: Any) -> None:
    assert updated(stacks, template("used")) == "UPDATE_COMPLETE"
