"""Analysts of another account query prod's tables by the reader's role, and nothing else comes of it.

Role, workgroup and buckets are those of prod's reviewed templates; tests/environments.json names the analysts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from tests.embedded.deployment.prods_readers import (
    BUCKETS,
    CONFORMED,
    PURPOSE_BUILT,
    RAW,
    READER,
    deploy_readers,
    make_table,
    role_elsewhere,
    take_reader,
)
from tests.embedded.deployment.prods_storage import (
    ACCOUNT,
    REGION,
    Client,
    clients_of,
    deployed,
    make_role,
    refused,
)
from tests.embedded.waiting import eventually

CODE = f"cdk-odpprod-assets-{ACCOUNT}-{REGION}"
"""Where a deployment puts scripts and packages."""
SECRETS = {
    "Staging": "sales/customers/LOAD00000001.parquet",
    "Config": "odp/configuration/manifests.json",
    "AccessLogs": "Raw/2026-11-29",
    "Raw": "nyc-taxi/yellow/trips.csv",
    "Conformed": "quarantine/yellow/rows.json",
    "PurposeBuilt": "elsewhere/file.parquet",
    "AthenaResults": "elsewhere/file.csv",
}
"""In each bucket something that no reader of tables reads: raw personal data first."""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One of its own: the account is prod's."""
    with Emulator(EmulatorSettings(run_directory=tmp_path_factory.mktemp("readers"))) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def stack(emulator: Emulator) -> dict[str, str]:
    """Buckets and keys by the beginnings of logical ids; with tables, and with what is no reader's business."""
    found = deployed(emulator)
    deploy_readers(emulator)
    for database, bucket in BUCKETS.items():
        make_table(emulator, database, f"s3://{found[bucket]}/{database}/facts")
    s3 = emulator.client("s3", account=ACCOUNT)
    s3.create_bucket(Bucket=CODE)
    s3.put_object(Bucket=CODE, Key="script.py", Body=b"code")
    for bucket, key in SECRETS.items():
        s3.put_object(Bucket=found[bucket], Key=key, Body=b"secret")
    make_table(emulator, "other_team", f"s3://{found['Raw']}/other_team/facts")
    make_table(emulator, RAW, f"s3://{found['Staging']}/sales/customers")
    emulator.client("athena", account=ACCOUNT).create_work_group(Name="other_team")
    make_role(emulator, "Administrator")
    return found


@pytest.fixture(scope="module")
def analyst(emulator: Emulator, stack: dict[str, str]) -> Client:
    assert stack
    return role_elsewhere(emulator, "Analysts")


@pytest.fixture(scope="module")
def reader(emulator: Emulator, analyst: Client) -> Client:
    return take_reader(emulator, analyst("sts"))


def execution(athena: Any, query: str, **more: Any) -> dict[str, Any]:
    """Run a query to its end."""
    id_ = athena.start_query_execution(QueryString=query, **{"WorkGroup": "nyc_taxi", **more})["QueryExecutionId"]
    found: dict[str, Any] = eventually(
        lambda: athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"],
        lambda found: found["Status"]["State"] not in ("QUEUED", "RUNNING"),
    )
    return found


@pytest.mark.parametrize("database", BUCKETS)
def test_tables_of_every_layer_are_queried(reader: Client, stack: dict[str, str], database: str) -> None:
    athena = reader("athena")
    found = execution(athena, "SELECT zone FROM facts", QueryExecutionContext={"Database": database})
    assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
    _, row = athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])["ResultSet"]["Rows"]
    assert row["Data"] == [{"VarCharValue": "1"}]
    assert found["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{stack['AthenaResults']}/query-results/")


def test_the_file_of_a_result_is_read_by_whoever_knows_the_id_of_the_query(
    emulator: Emulator, reader: Client, stack: dict[str, str]
) -> None:
    result = {"Bucket": stack["AthenaResults"], "Key": "query-results/4f1d0d2e-8a63-4c8e-9a15-6d0d4f6f2b11.csv"}
    emulator.client("s3", account=ACCOUNT).put_object(**result, Body=b"zone")
    assert reader("s3").get_object(**result)["Body"].read() == b"zone"


@pytest.mark.parametrize("database", BUCKETS)
def test_files_of_tables_are_read_by_whoever_brings_an_engine(
    reader: Client, stack: dict[str, str], database: str
) -> None:
    s3, glue, bucket = reader("s3"), reader("glue"), stack[BUCKETS[database]]
    table = glue.get_table(DatabaseName=database, Name="facts")["Table"]
    assert table["StorageDescriptor"]["Location"] == f"s3://{bucket}/{database}/facts"
    (file,) = s3.list_objects_v2(Bucket=bucket, Prefix=f"{database}/facts/")["Contents"]
    assert s3.get_object(Bucket=bucket, Key=file["Key"])["Body"].read() == b"1,2.5\n"
    assert "facts" in {each["Name"] for each in glue.get_tables(DatabaseName=database)["TableList"]}
    assert glue.get_database(Name=database)["Database"]["Name"] == database


def test_saved_queries_of_the_workgroup_are_found(reader: Client) -> None:
    athena = reader("athena")
    ids = athena.list_named_queries(WorkGroup="nyc_taxi")["NamedQueryIds"]
    assert len(ids) > 5
    assert athena.get_named_query(NamedQueryId=ids[0])["NamedQuery"]["WorkGroup"] == "nyc_taxi"
    assert len(athena.batch_get_named_query(NamedQueryIds=ids[:3])["NamedQueries"]) == 3
    assert athena.get_work_group(WorkGroup="nyc_taxi")["WorkGroup"]["Name"] == "nyc_taxi"


STRANGERS: dict[str, Callable[[Emulator], Client]] = {
    "another role of the analysts' account": lambda emulator: role_elsewhere(emulator, "Strangers"),
    "a role whose path has their name": lambda emulator: role_elsewhere(emulator, "Others", path="/Analysts/"),
    "the root of the analysts' account": lambda emulator: lambda name: emulator.client(name, account="999999999999"),
    "a role of their name in another account": lambda emulator: role_elsewhere(emulator, "Analysts", "888888888888"),
    "an administrator of prod's account": lambda emulator: clients_of(emulator, "Administrator"),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_else_takes_the_role_however_similar(emulator: Emulator, stack: dict[str, str], who: str) -> None:
    assert stack
    sts = STRANGERS[who](emulator)("sts")
    assert refused(lambda: take_reader(emulator, sts))


@pytest.mark.parametrize("tag", ["odp:data-writer", "odp:private-network"])
def test_analysts_do_not_tag_their_sessions_as_what_the_buckets_let_in(
    emulator: Emulator, analyst: Client, tag: str
) -> None:
    assert refused(lambda: take_reader(emulator, analyst("sts"), Tags=[{"Key": tag, "Value": "odp-prod"}]))


@pytest.mark.parametrize("bucket", SECRETS)
def test_what_is_no_table_is_not_read(reader: Client, stack: dict[str, str], bucket: str) -> None:
    assert refused(lambda: reader("s3").get_object(Bucket=stack[bucket], Key=SECRETS[bucket]))


@pytest.mark.parametrize("bucket", ["Staging", "Config", "AccessLogs", "AthenaResults"])
def test_nor_is_it_listed(reader: Client, stack: dict[str, str], bucket: str) -> None:
    assert refused(lambda: reader("s3").list_objects_v2(Bucket=stack[bucket]))


def test_code_is_neither_read_nor_listed(reader: Client) -> None:
    assert refused(lambda: reader("s3").get_object(Bucket=CODE, Key="script.py"))
    assert refused(lambda: reader("s3").list_objects_v2(Bucket=CODE))


@pytest.mark.parametrize("key", ["facts/file.csv", "facts/new.csv"])
@pytest.mark.parametrize("database", BUCKETS)
def test_no_file_of_a_table_is_written_or_deleted(
    reader: Client, stack: dict[str, str], database: str, key: str
) -> None:
    place = {"Bucket": stack[BUCKETS[database]], "Key": f"{database}/{key}"}
    assert refused(lambda: reader("s3").put_object(**place, Body=b"x"))
    assert refused(lambda: reader("s3").delete_object(**place))


@pytest.mark.parametrize("bucket", SECRETS)
def test_nothing_is_written_anywhere_by_hand_not_even_a_result(
    reader: Client, stack: dict[str, str], bucket: str
) -> None:
    for key in (SECRETS[bucket], "query-results/00000000-0000-0000-0000-000000000000.csv", "nyc-taxi/yellow/x.csv"):
        assert refused(lambda: reader("s3").put_object(Bucket=stack[bucket], Key=key, Body=b"x"))  # noqa: B023
        assert refused(lambda: reader("s3").delete_object(Bucket=stack[bucket], Key=key))  # noqa: B023


CHANGES: dict[str, Callable[[Any], Any]] = {
    "make a table": lambda glue: glue.create_table(DatabaseName=RAW, TableInput={"Name": "mine"}),
    "change a table": lambda glue: glue.update_table(DatabaseName=RAW, TableInput={"Name": "facts"}),
    "delete a table": lambda glue: glue.delete_table(DatabaseName=CONFORMED, Name="facts"),
    "make a database": lambda glue: glue.create_database(DatabaseInput={"Name": "odpf_mine"}),
    "delete a database": lambda glue: glue.delete_database(Name=PURPOSE_BUILT),
    "make the default database": lambda glue: glue.create_database(DatabaseInput={"Name": "default"}),
    "look into another team's database": lambda glue: glue.get_table(DatabaseName="other_team", Name="facts"),
    "start a job": lambda glue: glue.start_job_run(JobName="odpf_file_processor"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_catalog_is_not_changed_and_others_have_theirs(reader: Client, change: str) -> None:
    assert refused(lambda: CHANGES[change](reader("glue")))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE EXTERNAL TABLE mine (a string) LOCATION 's3://{Staging}/sales/customers'",
        "CREATE EXTERNAL TABLE mine (a string) LOCATION 's3://elsewhere/mine'",
        "DROP TABLE facts",
    ],
)
def test_nor_is_it_changed_by_a_query(reader: Client, stack: dict[str, str], statement: str) -> None:
    context = {"Database": RAW}
    found = execution(reader("athena"), statement.format(**stack), QueryExecutionContext=context)
    assert found["Status"]["State"] == "FAILED"
    assert "not authorized to perform glue:" in found["Status"]["StateChangeReason"]


@pytest.mark.parametrize(
    ("database", "table", "lacks"), [("other_team", "facts", "glue:GetTable"), (RAW, "customers", "s3:ListBucket")]
)
def test_neither_others_tables_nor_one_over_staging_are_queried(
    reader: Client, database: str, table: str, lacks: str
) -> None:
    """Somebody may have made a table over landed files in a database of the lake."""
    context = {"Database": database}
    found = execution(reader("athena"), f"SELECT * FROM {table}", QueryExecutionContext=context)  # noqa: S608
    assert found["Status"]["State"] == "FAILED"
    assert f"not authorized to perform {lacks}" in found["Status"]["StateChangeReason"]


@pytest.mark.parametrize("place", ["s3://elsewhere/results/", "s3://{Raw}/odpf_sales_raw/", "s3://{AthenaResults}/x/"])
def test_a_result_goes_where_the_workgroup_says_wherever_else_one_asks_for_it(
    reader: Client, stack: dict[str, str], place: str
) -> None:
    wanted = {"OutputLocation": place.format(**stack)}
    context = {"Database": CONFORMED}
    found = execution(
        reader("athena"), "SELECT zone FROM facts", QueryExecutionContext=context, ResultConfiguration=wanted
    )
    results = f"s3://{stack['AthenaResults']}/query-results/"
    assert found["ResultConfiguration"]["OutputLocation"].startswith(results)


@pytest.mark.parametrize("workgroup", ["primary", "other_team"])
def test_in_other_workgroups_nothing_is_asked(reader: Client, stack: dict[str, str], workgroup: str) -> None:
    athena, elsewhere = reader("athena"), {"OutputLocation": f"s3://{stack['AthenaResults']}/query-results/"}
    query = {"QueryString": "SELECT 1", "WorkGroup": workgroup, "ResultConfiguration": elsewhere}
    assert refused(lambda: athena.start_query_execution(**query))
    assert refused(lambda: athena.get_work_group(WorkGroup=workgroup))
    assert refused(lambda: athena.list_named_queries(WorkGroup=workgroup))
    without = {name: value for name, value in query.items() if name != "WorkGroup"}
    assert refused(lambda: athena.start_query_execution(**without))


def test_the_workgroup_is_not_changed_and_queries_of_others_are_not_listed(reader: Client) -> None:
    athena = reader("athena")
    looser = {"EnforceWorkGroupConfiguration": False}
    assert refused(lambda: athena.update_work_group(WorkGroup="nyc_taxi", ConfigurationUpdates=looser))
    assert refused(lambda: athena.delete_work_group(WorkGroup="nyc_taxi", RecursiveDeleteOption=True))
    saved = {"Name": "x", "Database": RAW, "QueryString": "SELECT 1", "WorkGroup": "nyc_taxi"}
    assert refused(lambda: athena.create_named_query(**saved))
    assert refused(lambda: athena.list_query_executions(WorkGroup="nyc_taxi"))


OTHER_SERVICES: dict[str, Callable[[Client, dict[str, str]], Any]] = {
    "the key, by hand": lambda reader, stack: reader("kms").generate_data_key(
        KeyId=stack["DataKey"], KeySpec="AES_256"
    ),
    "the ledger": lambda reader, _: reader("dynamodb").list_tables(),
    "the secrets": lambda reader, _: reader("secretsmanager").list_secrets(),
    "other roles": lambda reader, _: reader("iam").list_roles(),
    "its own rights": lambda reader, _: reader("iam").put_role_policy(
        RoleName="odp-prod-reader", PolicyName="more", PolicyDocument="{}"
    ),
    "who may take it": lambda reader, _: reader("iam").update_assume_role_policy(
        RoleName="odp-prod-reader", PolicyDocument="{}"
    ),
    "functions": lambda reader, _: reader("lambda").list_functions(),
    "stacks": lambda reader, _: reader("cloudformation").list_stacks(),
    "the values of the lake": lambda reader, _: reader("ssm").get_parameter(Name="/odp/prod/buckets/staging"),
}


@pytest.mark.parametrize("what", OTHER_SERVICES)
def test_other_services_answer_nothing(reader: Client, stack: dict[str, str], what: str) -> None:
    assert refused(lambda: OTHER_SERVICES[what](reader, stack))


def test_the_reader_becomes_nobody_else(reader: Client) -> None:
    administrator = READER.replace("odp-prod-reader", "Administrator")
    with pytest.raises(ClientError, match="not authorized to perform"):
        reader("sts").assume_role(RoleArn=administrator, RoleSessionName="ann")
