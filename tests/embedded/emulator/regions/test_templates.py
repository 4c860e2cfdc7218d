"""Global tables and their replicas in templates."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.embedded.emulator.regions.places import EAST, WEST
from tests.embedded.waiting import eventually

Client = Callable[[str, str], Any]


def template(*regions: str, key: str = "") -> str:
    encryption = {"SSESpecification": {"KMSMasterKeyId": key}} if key else {}
    properties = {
        "TableName": "of-template",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "Replicas": [
            {"Region": region, "DeletionProtectionEnabled": region == WEST, **encryption} for region in regions
        ],
    }
    return json.dumps({"Resources": {"Table": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": properties}}})


def status_of(client: Client, end: str) -> str:
    def read() -> dict[str, Any]:
        stack: dict[str, Any] = client("cloudformation", EAST).describe_stacks(StackName="tables")["Stacks"][0]
        return stack

    return str(eventually(read, lambda stack: not stack["StackStatus"].endswith(end))["StackStatus"])


def test_replicas_of_a_template_are_made_and_taken_away(client: Client) -> None:
    cloudformation = client("cloudformation", EAST)
    cloudformation.create_stack(StackName="tables", TemplateBody=template(EAST, WEST))
    assert status_of(client, "IN_PROGRESS") == "CREATE_COMPLETE"
    client("dynamodb", EAST).put_item(TableName="of-template", Item={"id": {"S": "a"}})
    assert client("dynamodb", WEST).scan(TableName="of-template")["Count"] == 1
    replica = client("dynamodb", WEST).describe_table(TableName="of-template")["Table"]
    assert replica["DeletionProtectionEnabled"]
    cloudformation.update_stack(StackName="tables", TemplateBody=template(EAST))
    assert status_of(client, "IN_PROGRESS") == "UPDATE_COMPLETE"
    assert client("dynamodb", WEST).list_tables()["TableNames"] == []
    assert client("dynamodb", EAST).scan(TableName="of-template")["Count"] == 1


@pytest.mark.parametrize(
    ("regions", "key", "reason"),
    [((WEST,), "", "must include the stack's own Region"), ((EAST, WEST), "alias/lake", "there is no key alias/lake")],
)
def test_replicas_that_aws_refuses_are_refused(client: Client, regions: tuple[str, ...], key: str, reason: str) -> None:
    made = client("kms", EAST).create_key()["KeyMetadata"]["KeyId"]
    client("kms", EAST).create_alias(AliasName="alias/lake", TargetKeyId=made)
    cloudformation = client("cloudformation", EAST)
    cloudformation.create_stack(StackName="tables", TemplateBody=template(*regions, key=key))
    assert "ROLLBACK" in status_of(client, "IN_PROGRESS")
    events = cloudformation.describe_stack_events(StackName="tables")["StackEvents"]
    assert any(reason in event.get("ResourceStatusReason", "") for event in events)
