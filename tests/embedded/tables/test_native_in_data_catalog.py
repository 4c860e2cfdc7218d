"""Native tables in the Data Catalog and S3: entries, versions, refusals, and what is left in the bucket."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lake.errors import RejectedInputError, TableMovedError
from lake.tables.change import ChangeKind
from lake.tables.iceberg_native import orphans, retention
from lake.tables.iceberg_native.data_catalog import glue_tables
from lake.tables.iceberg_native.row_change import RowChange
from tests.unit.lake.iceberg_native.lake import DATABASE, ROWS, SCHEMA, LakeTable, arrow, columns, nothing

CHANGES = [("U", 1, 11, "south"), ("D", 2, None, None), ("I", 4, 40, "a/b c=%é'")]


def entry(glue: Any, table: LakeTable) -> dict[str, Any]:
    found: dict[str, Any] = glue.get_table(DatabaseName=DATABASE, Name=table.definition.name)["Table"]
    return found


def keys(aws: Callable[[str], Any], table: LakeTable) -> list[str]:
    bucket, _, prefix = table.definition.location.removeprefix("s3://").partition("/")
    pages = aws("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return sorted(found["Key"] for page in pages for found in page.get("Contents", []))


def test_changes_and_their_proof_are_found_by_any_reader_of_the_catalog(loaded: LakeTable, glue: Any) -> None:
    rows = loaded.change(CHANGES, proof={"odp.file_ids": '["f2"]'})
    assert (rows.inserted, rows.updated, rows.deleted) == (1, 1, 1)
    assert loaded.rows() == [(1, 11, "south"), (3, 30, None), (4, 40, "a/b c=%é'")]
    assert loaded.commit().proof == {"odp.file_ids": '["f2"]'}
    found = entry(glue, loaded)
    assert found["StorageDescriptor"]["Location"] == loaded.definition.location
    assert found["TableType"] == "EXTERNAL_TABLE"
    assert [column["Name"] for column in found["StorageDescriptor"]["Columns"]] == ["Op", "ID", "V", "REGION"]
    assert found["Parameters"]["metadata_location"].startswith(f"{loaded.definition.location}/metadata/")


def test_function_opens_tables_by_its_own_region_and_credentials(loaded: LakeTable) -> None:
    table = glue_tables()(loaded.definition)
    stored = table.existing()
    assert stored is not None
    assert stored.columns == columns(SCHEMA)


@pytest.mark.parametrize(
    "foreign",
    [
        {},
        {"Parameters": {}},
        {"Parameters": {"spark.sql.sources.provider": "hudi"}},
        {"Parameters": {"table_type": "DELTA"}},
        {"Parameters": {"table_type": "ICEBERG"}},
        {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": "SELECT 1"},
    ],
    ids=["bare", "empty", "hudi", "delta", "without metadata", "view"],
)
def test_entry_of_another_format_is_refused_and_stays(
    table: LakeTable, glue: Any, foreign: dict[str, Any], aws: Callable[[str], Any]
) -> None:
    glue.create_table(DatabaseName=DATABASE, TableInput={"Name": table.definition.name, **foreign})
    before = entry(glue, table)
    for use in (table.native.existing, lambda: table.change(ROWS), lambda: table.native.repair(None, nothing)):
        with pytest.raises(RejectedInputError, match="as something else than an Iceberg table; remove"):
            use()
    assert entry(glue, table) == before
    assert keys(aws, table) == []


def test_entry_of_another_format_that_comes_between_reading_and_commit_is_not_replaced(
    table: LakeTable, glue: Any
) -> None:
    def other() -> None:
        glue.create_table(DatabaseName=DATABASE, TableInput={"Name": table.definition.name})

    with pytest.raises((TableMovedError, RejectedInputError)):
        table.change(ROWS, check_lease=other)
    assert "metadata_location" not in entry(glue, table).get("Parameters", {})


def test_missing_right_is_told_as_such_and_nothing_is_committed(loaded: LakeTable) -> None:
    denied = {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}

    def deny(**_: Any) -> None:
        raise ClientError(denied, "UpdateTable")  # type: ignore[arg-type]

    events = loaded.lake.catalog.glue.meta.events  # type: ignore[attr-defined]
    events.register("before-call.glue.UpdateTable", deny)
    with pytest.raises(ClientError, match="AccessDenied"):
        loaded.change(CHANGES)
    assert loaded.rows("ID") == [(1,), (2,), (3,)]


def test_database_that_does_not_exist_is_named(table: LakeTable, glue: Any) -> None:
    glue.delete_database(Name=DATABASE)
    with pytest.raises(RejectedInputError, match=f"{DATABASE} does not exist"):
        table.change(ROWS)


def test_commits_keep_no_older_version_of_the_entry(loaded: LakeTable) -> None:
    """Glue keeps 100,000 versions of a table, then refuses updates; Iceberg on Spark keeps none either."""
    sent: list[dict[str, Any]] = []
    events = loaded.lake.catalog.glue.meta.events  # type: ignore[attr-defined]
    events.register("provide-client-params.glue.UpdateTable", lambda params, **_: sent.append(dict(params)))
    loaded.change(CHANGES)
    (update,) = sent
    assert update["SkipArchive"] is True
    assert update["VersionId"]


def test_commit_between_the_catalogs_own_reading_and_its_update_is_refused_by_the_version(
    loaded: LakeTable,
) -> None:
    events = loaded.lake.catalog.glue.meta.events  # type: ignore[attr-defined]
    others = iter([[("I", 8, 80, None)]])

    def other(**_: Any) -> None:
        for rows in others:
            loaded.change(rows, proof={"odp.file_ids": '["other"]'})

    events.register("provide-client-params.glue.UpdateTable", other)
    with pytest.raises(TableMovedError):
        loaded.change(CHANGES)
    assert loaded.rows("ID") == [(1,), (2,), (3,), (8,)]
    assert loaded.commit().proof == {"odp.file_ids": '["other"]'}


def test_long_proof_stays_out_of_the_entry(loaded: LakeTable, glue: Any) -> None:
    proof = {"odp.file_ids": "x" * 5_000 + "".join(chr(33 + n % 90) for n in range(900_000))}
    loaded.change(CHANGES, proof=proof)
    assert loaded.commit().proof == proof
    assert not [name for name in entry(glue, loaded)["Parameters"] if name.startswith("odp.")]


def test_deleted_files_and_those_of_killed_runs_leave_nothing_behind(
    loaded: LakeTable, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, _, prefix = loaded.definition.location.removeprefix("s3://").partition("/")
    for orphan in ("data/REGION=a%2Fb+c/00000-x.parquet", "metadata/x-m0.avro", "metadata/00001-x.metadata.json"):
        aws("s3").put_object(Bucket=bucket, Key=f"{prefix}/{orphan}")
    monkeypatch.setattr(orphans, "KEPT_MS", 2_000)
    time.sleep(3)  # the orphans are old then, however quick the commits are
    monkeypatch.setattr(retention, "QUERY_MS", -1)
    monkeypatch.setattr(retention, "MOST_SNAPSHOTS", 3)
    loaded.stored.transaction().set_properties(
        {"history.expire.min-snapshots-to-keep": "3", "history.expire.max-snapshot-age-ms": "0"}
    ).commit_transaction()
    for number in range(25):
        loaded.change([("U", 1, number, "abc"[number % 3])])
    stored = loaded.stored
    assert len(stored.metadata.snapshots) < 15
    names = {stored.metadata_location, *(entry.metadata_file for entry in stored.metadata.metadata_log)}
    for snapshot in stored.metadata.snapshots:
        names.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(stored.io):
            names.add(manifest.manifest_path)
            names |= {each.data_file.file_path for each in manifest.fetch_manifest_entry(stored.io)}
    assert {f"s3://{bucket}/{key}" for key in keys(aws, loaded)} == names


def test_change_is_made_for_the_table_that_was_read(loaded: LakeTable) -> None:
    one, other = loaded.native, loaded.native
    assert one.existing() == other.existing()
    change = RowChange(ChangeKind.MERGE, arrow(CHANGES), columns(SCHEMA), {"odp.file_ids": '["f2"]'})
    one.apply(change, nothing)
    with pytest.raises(TableMovedError):
        other.apply(change, nothing)
    assert loaded.rows("ID") == [(1,), (3,), (4,)]
