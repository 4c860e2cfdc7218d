"""A run that uses the Data Catalog asks for the database `default`, and creates it where it is missing.

AWS's metastore client does so whenever it is constructed. A new account has no such database.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

CATALOG = {"--enable-glue-datacatalog": "true"}
BOTH = ("glue:CreateDatabase", "glue:GetDatabase")
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run_with(
    aws: Callable[[str], Any], account: str, bucket: str, make_role: Callable[..., str],
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]],
) -> Run:  # fmt: skip
    """Run a script that opens nothing, as a role with these actions on catalog and `default`."""

    def run(*actions: str, arguments: dict[str, str] | None = None) -> dict[str, Any]:
        role = make_role("default-role", "glue.amazonaws.com", "s3:GetObject", "logs:*")
        if actions:
            here = f"arn:aws:glue:us-east-1:{account}"
            allowed = {
                "Effect": "Allow", "Action": list(actions), "Resource": [f"{here}:catalog", f"{here}:database/default"],
            }  # fmt: skip
            policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
            aws("iam").put_role_policy(RoleName="default-role", PolicyName="catalog", PolicyDocument=policy)
        return run_job(make_job("print('done')", role=role), Arguments=CATALOG if arguments is None else arguments)

    return run


def has_default(aws: Callable[[str], Any]) -> bool:
    try:
        aws("glue").get_database(Name="default")
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            return False
        raise
    return True


@pytest.mark.parametrize(
    ("actions", "refused"), [(("glue:GetDatabase",), "glue:CreateDatabase"), ((), "glue:GetDatabase")]
)
def test_a_run_without_the_right_is_refused_as_on_aws(
    run_with: Run, aws: Callable[[str], Any], actions: tuple[str, ...], refused: str
) -> None:
    run = run_with(*actions)
    assert run["JobRunState"] == "FAILED"
    assert "AccessDeniedException" in run["ErrorMessage"]
    assert f"not authorized to perform: {refused} " in run["ErrorMessage"]
    assert not has_default(aws)


def test_a_run_with_the_right_creates_the_database_where_it_is_missing(
    run_with: Run, aws: Callable[[str], Any]
) -> None:
    assert run_with(*BOTH)["JobRunState"] == "SUCCEEDED"
    assert has_default(aws)


def test_reading_is_enough_where_the_database_is_there(run_with: Run, aws: Callable[[str], Any]) -> None:
    aws("glue").create_database(DatabaseInput={"Name": "default", "Description": "somebody's"})
    assert run_with("glue:GetDatabase")["JobRunState"] == "SUCCEEDED"
    assert aws("glue").get_database(Name="default")["Database"]["Description"] == "somebody's"


def test_a_run_with_a_catalog_of_its_own_asks_for_none(run_with: Run, aws: Callable[[str], Any]) -> None:
    assert run_with(arguments={})["JobRunState"] == "SUCCEEDED"
    assert not has_default(aws)
