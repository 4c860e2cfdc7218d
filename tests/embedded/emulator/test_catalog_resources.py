"""Rights to one database of the Data Catalog reach that database and its tables, and no other."""

import json
from collections.abc import Callable
from typing import Any

import pytest

CALLS = """
    import boto3
    def handle(event, context):
        glue = boto3.client("glue")
        getattr(glue, event["call"])(**event["with"])
        return "done"
"""


@pytest.fixture
def function(aws: Callable[[str], Any], make_function: Callable[..., str]) -> str:
    for database in ("mine", "other"):
        aws("glue").create_database(DatabaseInput={"Name": database})
        aws("glue").create_table(DatabaseName=database, TableInput={"Name": "t"})
    name = make_function(CALLS)
    statement = {
        "Effect": "Allow",
        "Action": ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"],
        "Resource": ["arn:aws:glue:*:*:database/mine", "arn:aws:glue:*:*:table/mine/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws("iam").put_role_policy(RoleName=f"{name}-role", PolicyName="catalog", PolicyDocument=policy)
    return name


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ("get_database", lambda database: {"Name": database}),
        ("get_table", lambda database: {"DatabaseName": database, "Name": "t"}),
        ("get_partitions", lambda database: {"DatabaseName": database, "TableName": "t"}),
    ],
)
def test_rights_to_a_database_reach_it_and_no_other(
    function: str, invoke: Callable[..., Any], call: str, named: Callable[[str], dict[str, str]]
) -> None:
    assert invoke(function, {"call": call, "with": named("mine")}) == "done"
    assert "AccessDenied" in invoke(function, {"call": call, "with": named("other")})["errorType"]
