"""The test's own tables beside those of a lake in use: it removes its own tables, and leaves the others unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from moto import mock_aws

from deployment_account.environments import Platform
from deployment_account.names import OdpTable
from scripts.bootstrap.accounts import Account, Place
from scripts.smoke import taxi_steps
from scripts.smoke.dms_files import FULL_LOAD
from scripts.smoke.lake import SmokeLake
from scripts.smoke.made import Made
from scripts.smoke.names import SmokeNames
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.patience import Patience
from scripts.smoke.step import Smoke, SmokeOptions
from scripts.smoke.tables import NATIVE, SmokeTables
from tests.moto_session import client, resource

KEYS = {
    OdpTable.BATCH_CONFIG: ("refresh_cadence",),
    OdpTable.RAW_TABLE_CONFIG: ("refresh_cadence", "source_table_name"),
    OdpTable.FILE_TRACKER: ("source_table_name", "file_id"),
    OdpTable.FILE_TRACKER_HISTORY: ("source_table_name", "file_id"),
    OdpTable.FILE_PROCESSING_TRACKER: ("raw_table_name",),
    OdpTable.QUARANTINE: ("quarantine_kind", "entry_id"),
}
RUN, OTHER = "smoke_1_aa", "smoke_2_bb"
IN_USE: dict[OdpTable, list[dict[str, Any]]] = {
    OdpTable.BATCH_CONFIG: [
        {"refresh_cadence": "59_min_refresh", "glue_job_name": "job", "format": 2},
        {"refresh_cadence": "10_min_refresh", "glue_job_name": "job", "format": 2},
    ],
    OdpTable.RAW_TABLE_CONFIG: [
        {
            "refresh_cadence": "10_min_refresh",
            "source_table_name": "erp.orders",
            "raw_database_name": "db",
            "raw_database_S3_bucket": "raw",
            "raw_table_name": "orders",
        }
    ],
    OdpTable.FILE_TRACKER: [
        {"source_table_name": "erp.orders", "file_id": "1/x"},
        {"source_table_name": "#pending", "file_id": "erp.orders"},
        {"source_table_name": "#told", "file_id": "refresh/db.orders"},
    ],
    OdpTable.FILE_TRACKER_HISTORY: [{"source_table_name": "erp.orders", "file_id": "1/w"}],
    OdpTable.FILE_PROCESSING_TRACKER: [{"raw_table_name": "db.orders"}],
    OdpTable.QUARANTINE: [
        {"quarantine_kind": "refused_table", "entry_id": "db.orders", "source_table_name": "erp.orders"},
        {"quarantine_kind": "rejected_file", "entry_id": "y", "file_ingestion_path": "erp/orders/y"},
    ],
}


@dataclass(frozen=True)
class LakeInMemory(SmokeLake):
    """A lake whose parts have the names under which they are published."""

    def published(self, name: str) -> str:
        return name.rsplit("/", 1)[-1]


class Glue:
    """A catalog in which nothing is."""

    class exceptions:  # noqa: N801 - as boto3 names it
        class EntityNotFoundException(Exception):  # noqa: N818
            pass

    def delete_table(self, **_: str) -> None:
        raise self.exceptions.EntityNotFoundException


class Session:
    """Moto's clients, and a catalog."""

    def client(self, service: str, **_: str) -> Any:
        return Glue() if service == "glue" else client(service)

    def resource(self, service: str, **_: str) -> Any:
        return resource(service)


@pytest.fixture
def lake(platform: Platform) -> Iterator[LakeInMemory]:
    with mock_aws():
        for table, keys in KEYS.items():
            kinds = list(zip(keys, ("HASH", "RANGE"), strict=False))
            client("dynamodb").create_table(
                TableName=table.value,
                KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                BillingMode="PAY_PER_REQUEST",
            )
            for item in IN_USE[table]:
                resource("dynamodb").Table(table.value).put_item(Item=item)
        for bucket in ("staging", "raw"):
            client("s3").create_bucket(Bucket=bucket)
            enabled = {"Status": "Enabled"}
            client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration=enabled)
            client("s3").put_object(Bucket=bucket, Key="erp/orders/x", Body=b"x")
            client("s3").put_object(Bucket=bucket, Key=f"{OTHER}/orders/x", Body=b"x")
        session: Any = Session()
        account = Account(Place("222222222222", "us-east-1"), session)
        yield LakeInMemory(account, platform, platform.environments["dev"])


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
def tables(lake: LakeInMemory, made: Made) -> SmokeTables:
    clock = iter(range(10_000))
    patience = Patience(2, clock=lambda: float(next(clock)), sleep=lambda _: None)
    return SmokeTables(lake, SmokeNames(RUN), made, patience)


def ledger() -> dict[OdpTable, list[dict[str, Any]]]:
    return {table: resource("dynamodb").Table(table.value).scan()["Items"] for table in KEYS}


def objects(bucket: str) -> list[str]:
    versions = client("s3").list_object_versions(Bucket=bucket)
    return [version["Key"] for version in (*versions.get("Versions", ()), *versions.get("DeleteMarkers", ()))]


def same(found: dict[OdpTable, list[dict[str, Any]]], wanted: dict[OdpTable, list[dict[str, Any]]]) -> bool:
    return all(
        len(found[table]) == len(wanted[table]) and all(item in wanted[table] for item in found[table])
        for table in KEYS
    )


def put(table: OdpTable, **item: str) -> None:
    resource("dynamodb").Table(table.value).put_item(Item=item)


def test_it_takes_a_cadence_that_the_lake_does_not_use(tables: SmokeTables) -> None:
    assert [tables.table(name).cadence for name in ("one", "two")] == ["58_min_refresh", "57_min_refresh"]


def test_its_tables_are_hudi_tables_although_the_first_of_the_lake_is_refreshed_natively(tables: SmokeTables) -> None:
    """The steps look at Glue runs; with an Iceberg table as their pattern there was none."""
    put(
        OdpTable.RAW_TABLE_CONFIG,
        **{**IN_USE[OdpTable.RAW_TABLE_CONFIG][0], "table_storage_type": "iceberg", "engine": "native"},
    )
    source_table = tables.table("one").source_table
    (entry,) = (item for item in ledger()[OdpTable.RAW_TABLE_CONFIG] if item["source_table_name"] == source_table)
    assert entry["table_storage_type"] == "hudi"
    assert "engine" not in entry


def test_a_table_for_the_function_is_an_iceberg_table_although_the_first_of_the_lake_is_not(
    tables: SmokeTables,
) -> None:
    source_table = tables.table("one", engine=NATIVE).source_table
    (entry,) = (item for item in ledger()[OdpTable.RAW_TABLE_CONFIG] if item["source_table_name"] == source_table)
    assert (entry["table_storage_type"], entry["engine"]) == ("iceberg", "native")


def test_a_lake_without_tables_is_told_what_to_do(lake: LakeInMemory, tables: SmokeTables) -> None:
    item = IN_USE[OdpTable.RAW_TABLE_CONFIG][0]
    keys = {key: item[key] for key in KEYS[OdpTable.RAW_TABLE_CONFIG]}
    lake.table(OdpTable.RAW_TABLE_CONFIG).delete_item(Key=keys)
    with pytest.raises(StepFailedError, match="no table is configured") as raised:
        tables.table("orders")
    assert "table_configs" in raised.value.advice


def test_all_that_came_of_a_table_goes_and_everything_of_others_stays(tables: SmokeTables, made: Made) -> None:
    table = tables.table("orders")
    tables.land(table, FULL_LOAD, b"PAR1")
    name, qualified = table.source_table, table.qualified
    put(OdpTable.FILE_TRACKER, source_table_name=name, file_id="0/x")
    put(OdpTable.FILE_TRACKER, source_table_name="#pending", file_id=name)
    put(OdpTable.FILE_TRACKER, source_table_name="#told", file_id=f"refresh/{qualified}")
    put(OdpTable.FILE_TRACKER, source_table_name="#told", file_id=f"expiring/{name}")
    put(OdpTable.FILE_PROCESSING_TRACKER, raw_table_name=qualified)
    put(OdpTable.FILE_PROCESSING_TRACKER, raw_table_name=f"cadence#{table.cadence}", execution=f"arn:x:{RUN}_orders_0")
    put(OdpTable.QUARANTINE, quarantine_kind="refused_table", entry_id=qualified, source_table_name=name)
    put(OdpTable.QUARANTINE, quarantine_kind="rejected_file", entry_id="z", file_ingestion_path=f"{table.landing}z")
    client("s3").put_object(Bucket="raw", Key=f"db/{table.lake_table}/part", Body=b"x")
    assert made.remove_all() == []
    assert same(ledger(), IN_USE)
    assert objects("staging") == objects("raw") == ["erp/orders/x", f"{OTHER}/orders/x"]


def test_the_history_stays(tables: SmokeTables, made: Made) -> None:
    put(OdpTable.FILE_TRACKER_HISTORY, source_table_name=tables.table("orders").source_table, file_id="0/x")
    made.remove_all()
    assert len(ledger()[OdpTable.FILE_TRACKER_HISTORY]) == 2


def test_what_somebody_else_put_under_its_cadence_meanwhile_stays(tables: SmokeTables, made: Made) -> None:
    """A deployment that brings this cadence, and an execution of its schedule."""
    cadence = tables.table("orders").cadence
    put(OdpTable.BATCH_CONFIG, refresh_cadence=cadence, glue_job_name="job")
    put(OdpTable.FILE_PROCESSING_TRACKER, raw_table_name=f"cadence#{cadence}", execution=f"arn:x:{OTHER}_orders_0")
    assert made.remove_all() == []
    found = ledger()
    assert cadence in {item["refresh_cadence"] for item in found[OdpTable.BATCH_CONFIG]}
    assert f"cadence#{cadence}" in {item["raw_table_name"] for item in found[OdpTable.FILE_PROCESSING_TRACKER]}


def test_files_whose_events_never_came_go_and_this_is_told(tables: SmokeTables, made: Made) -> None:
    """An event that comes after the clean-up leaves an entry, which nobody would look for."""
    tables.land(tables.table("orders"), FULL_LOAD, b"PAR1")
    (left,) = made.remove_all()
    assert "the events of orders" in left.why
    assert objects("staging") == ["erp/orders/x", f"{OTHER}/orders/x"]


def test_of_a_taxi_file_no_version_stays(lake: LakeInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taxi_steps, "_loaded", lambda *_: {})
    nothing: Any = None
    names, made, patience = SmokeNames(RUN), Made(), Patience()
    smoke = Smoke(lake, names, SmokeOptions(), made, patience, nothing, nothing, nothing)
    before, key = objects("raw"), f"nyc-taxi/green/{RUN}.csv"
    for content in (b"trips", b"header"):
        client("s3").put_object(Bucket="raw", Key=key, Body=content)
    taxi_steps._take_out(smoke, key)
    assert objects("raw") == before
