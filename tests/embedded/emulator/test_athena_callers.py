"""Athena queries with the rights of whoever asks, in a workgroup whose settings may hold for everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.waiting import eventually

Aws = Callable[[str], Any]
Session = Callable[..., Any]
ATHENA = {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}


@pytest.fixture
def lake(aws: Aws, bucket: str) -> None:
    """A table of one file, and two workgroups: the settings of `strict` hold for everybody."""
    aws("s3").put_object(Bucket=bucket, Key="lake/fares/file.csv", Body=b"1,2.5\n2,3.5\n")
    glue, athena = aws("glue"), aws("athena")
    glue.create_database(DatabaseInput={"Name": "lake"})
    columns = [{"Name": "zone", "Type": "int"}, {"Name": "fare", "Type": "double"}]
    storage = {"Columns": columns, "Location": f"s3://{bucket}/lake/fares", "SerdeInfo": {}}
    glue.create_table(DatabaseName="lake", TableInput={"Name": "fares", "StorageDescriptor": storage})
    for name, enforced in (("strict", True), ("free", False)):
        settings = {
            "EnforceWorkGroupConfiguration": enforced,
            "ResultConfiguration": {"OutputLocation": f"s3://{bucket}/results/"},
        }
        athena.create_work_group(Name=name, Configuration=settings)


@pytest.fixture
def as_reader(as_role: Session, account: str, lake: None) -> Session:
    """Athena as a role with what a reader needs, but for the actions that are left out."""
    del lake

    def make(*without: str, workgroup: str = "strict") -> Any:
        here, bucket = f"us-east-1:{account}", f"arn:aws:s3:::bucket-{account}"
        may = {
            "glue:GetTable": f"arn:aws:glue:{here}:table/lake/fares",
            "s3:GetObject": f"{bucket}/*",
            "s3:ListBucket": bucket,
            "s3:GetBucketLocation": bucket,
        }
        athena = ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "GetNamedQuery")
        statements: list[dict[str, Any]] = [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in may.items()
            if action not in without
        ]
        statements.append(
            {
                "Effect": "Allow",
                "Action": [f"athena:{action}" for action in athena],
                "Resource": f"arn:aws:athena:{here}:workgroup/{workgroup}",
            }
        )
        if "s3:PutObject" not in without:
            results: dict[str, Any] = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/results/*"}
            statements.append({**results, "Condition": ATHENA})
        return as_role("reader", *statements)

    return make


def execution(athena: Any, query: str = "SELECT zone FROM fares", **more: Any) -> dict[str, Any]:
    """Run a query to its end."""
    given = {"QueryExecutionContext": {"Database": "lake"}, "WorkGroup": "strict", **more}
    id_ = athena.start_query_execution(QueryString=query, **given)["QueryExecutionId"]
    found: dict[str, Any] = eventually(
        lambda: athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"],
        lambda found: found["Status"]["State"] not in ("QUEUED", "RUNNING"),
    )
    return found


def error(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def test_a_role_reads_what_it_may(as_reader: Session) -> None:
    athena = as_reader()("athena")
    found = execution(athena)
    assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
    _, *rows = athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in rows] == ["1", "2"]


@pytest.mark.parametrize("action", ["glue:GetTable", "s3:GetObject", "s3:ListBucket"])
def test_a_query_of_what_a_role_may_not_read_fails(as_reader: Session, action: str) -> None:
    found = execution(as_reader(action)("athena"))
    assert found["Status"]["State"] == "FAILED"
    assert action in found["Status"]["StateChangeReason"]


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:GetBucketLocation"])
def test_a_query_is_not_started_by_whoever_may_not_write_its_result(as_reader: Session, action: str) -> None:
    assert error(lambda: execution(as_reader(action)("athena"))) == "InvalidRequestException"


def test_what_may_be_written_by_athena_is_not_written_by_hand(as_reader: Session, bucket: str) -> None:
    s3 = as_reader()("s3")
    assert error(lambda: s3.put_object(Bucket=bucket, Key="results/x.csv", Body=b"")) == "AccessDenied"


@pytest.mark.parametrize(
    "statement",
    ["CREATE EXTERNAL TABLE mine (a int) LOCATION 's3://elsewhere/mine'", "DROP TABLE fares"],
)
def test_the_catalog_is_changed_with_the_rights_of_whoever_asks(aws: Aws, as_reader: Session, statement: str) -> None:
    found = execution(as_reader()("athena"), statement)
    assert found["Status"]["State"] == "FAILED"
    assert "not authorized to perform glue:" in found["Status"]["StateChangeReason"]
    assert [table["Name"] for table in aws("glue").get_tables(DatabaseName="lake")["TableList"]] == ["fares"]


@pytest.mark.parametrize(("workgroup", "folder"), [("strict", "results"), ("free", "elsewhere")])
def test_a_client_says_where_results_go_unless_the_workgroup_does(
    aws: Aws, lake: None, bucket: str, workgroup: str, folder: str
) -> None:
    del lake
    elsewhere = {"OutputLocation": f"s3://{bucket}/elsewhere/"}
    found = execution(aws("athena"), WorkGroup=workgroup, ResultConfiguration=elsewhere)
    assert found["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{bucket}/{folder}/")


@pytest.mark.parametrize("workgroup", ["free", "primary"])
def test_a_role_of_one_workgroup_neither_queries_in_another_nor_sees_what_is_there(
    aws: Aws, as_reader: Session, bucket: str, workgroup: str
) -> None:
    athena, theirs = as_reader()("athena"), aws("athena")
    elsewhere = {"OutputLocation": f"s3://{bucket}/results/"}
    id_ = execution(theirs, WorkGroup=workgroup, ResultConfiguration=elsewhere)["QueryExecutionId"]
    saved = theirs.create_named_query(Name="x", Database="lake", QueryString="SELECT 1", WorkGroup=workgroup)
    assert error(lambda: execution(athena, WorkGroup=workgroup)) == "AccessDeniedException"
    assert error(lambda: athena.get_query_execution(QueryExecutionId=id_)) == "AccessDeniedException"
    assert error(lambda: athena.get_query_results(QueryExecutionId=id_)) == "AccessDeniedException"
    assert error(lambda: athena.get_named_query(NamedQueryId=saved["NamedQueryId"])) == "AccessDeniedException"


def test_rights_of_one_caller_do_not_stay_for_the_next(aws: Aws, as_reader: Session) -> None:
    """Requests of one connection may be of several callers."""
    narrow = as_reader("glue:GetTable")("athena")
    for _ in range(3):
        assert execution(narrow)["Status"]["State"] == "FAILED"
        assert execution(aws("athena"))["Status"]["State"] == "SUCCEEDED"
