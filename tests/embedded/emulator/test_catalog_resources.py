"""A policy on databases and tables of the Data Catalog holds for the calls that name them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.emulator.iam import catalog_resource


@pytest.mark.parametrize(
    ("operation", "request_body", "resource"),
    [
        ("GetDatabase", {"Name": "lake"}, "database/lake"),
        ("CreateDatabase", {"DatabaseInput": {"Name": "lake"}}, "database/lake"),
        ("GetTable", {"DatabaseName": "lake", "Name": "trips"}, "table/lake/trips"),
        ("UpdateTable", {"DatabaseName": "lake", "TableInput": {"Name": "trips"}}, "table/lake/trips"),
        ("GetPartitions", {"DatabaseName": "lake", "TableName": "trips"}, "table/lake/trips"),
        ("BatchCreatePartition", {"DatabaseName": "lake", "TableName": "trips"}, "table/lake/trips"),
        ("StartJobRun", {"JobName": "refresh"}, None),
        ("GetDatabases", {}, None),
    ],
)
def test_a_call_is_judged_by_what_it_names(operation: str, request_body: dict[str, Any], resource: str | None) -> None:
    assert catalog_resource(operation, request_body) == resource


def test_a_function_may_read_the_database_that_its_policy_names_and_no_other(
    aws: Callable[[str], Any], account: str, make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    for database in ("lake", "other"):
        aws("glue").create_database(DatabaseInput={"Name": database})
    source = """
        import boto3
        def handle(event, context):
            return boto3.client("glue").get_database(Name=event["name"])["Database"]["Name"]
    """
    name = make_function(source)
    allowed = {
        "Effect": "Allow", "Action": "glue:GetDatabase",
        "Resource": [f"arn:aws:glue:*:{account}:catalog", f"arn:aws:glue:*:{account}:database/lake"],
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    aws("iam").put_role_policy(RoleName=f"{name}-role", PolicyName="lake", PolicyDocument=policy)
    assert invoke(name, {"name": "lake"}) == "lake"
    assert "AccessDenied" in invoke(name, {"name": "other"})["errorType"]
