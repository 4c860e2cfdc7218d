"""Each setting of endpoint and mappings changes the files as DMS documents it."""

import io
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from rehearsal.dms.endpoints import S3Settings
from rehearsal.dms.replication import Replication
from rehearsal.dms.sinks import FolderSink, S3Sink
from tests.tools.rehearsal.dms.databases import (
    S3,
    Database,
    MemorySink,
    added,
    before_images,
    selection,
    transformation,
)

Rules = list[dict[str, Any]]


def replicated(database: Database, **changes: Any) -> MemorySink:
    """Two rows are loaded; then one is inserted, one gets another key and value, one is deleted."""
    sink = MemorySink()
    database.run(
        "CREATE TABLE IF NOT EXISTS fares (id INT PRIMARY KEY, fare DECIMAL(6,2), note TEXT)",
        "DELETE FROM fares",
        "INSERT INTO fares VALUES (1, 1.5, 'a'), (2, 2.5, NULL)",
    )
    replication = database.replication(sink, **changes)
    replication.start()
    database.run(
        "INSERT INTO fares VALUES (3, NULL, '')",
        "UPDATE fares SET id = 7, fare = 9 WHERE id = 1",
        "DELETE FROM fares WHERE id = 2",
    )
    replication.step(write=True)
    return sink


def columns(sink: MemorySink, *, loads: bool) -> list[str]:
    (key,) = [key for key in sink.files if ("LOAD" in key) == loads]
    return list(sink.table(key).column_names)


def test_names_are_those_that_dms_writes(database: Database) -> None:
    load, changes = sorted(replicated(database).files, key=lambda key: "LOAD" not in key)
    assert load == f"{database.schema}/fares/LOAD00000001.parquet"
    today = datetime.now(UTC).strftime("%Y/%m/%d")
    assert re.fullmatch(rf"{database.schema}/fares/{today}/\d{{8}}-\d{{9}}\.parquet", changes)


def test_a_folder_comes_before_the_schema(database: Database) -> None:
    keys = replicated(database, s3={"BucketFolder": "taxi/"}).files
    assert all(key.startswith(f"taxi/{database.schema}/fares/") for key in keys)


@pytest.mark.parametrize(
    ("settings", "pattern"),
    [
        ({"DatePartitionEnabled": False}, r""),
        ({"DatePartitionSequence": "YYYYMMDDHH"}, r"\d{4}/\d\d/\d\d/\d\d/"),
        ({"DatePartitionSequence": "YYYYMM", "DatePartitionDelimiter": "DASH"}, r"\d{4}-\d\d/"),
        ({"DatePartitionSequence": "DDMMYYYY", "DatePartitionDelimiter": "UNDERSCORE"}, r"\d\d_\d\d_\d{4}/"),
        ({"DatePartitionSequence": "MMYYYYDD", "DatePartitionDelimiter": "NONE"}, r"\d{8}/"),
    ],
)
def test_date_folders_are_of_change_files_only(database: Database, settings: dict[str, Any], pattern: str) -> None:
    sink = replicated(database, s3=settings)
    assert len(sink.files) == 2
    for key in sink.files:
        end = r"LOAD00000001" if "LOAD" in key else pattern + r"\d{8}-\d{9}"
        assert re.fullmatch(rf"{database.schema}/fares/{end}\.parquet", key)


def test_columns_are_operation_time_source_added_and_before_images(either: Database) -> None:
    sink = replicated(either, s3={"TimestampColumnName": "at"})
    source = ["id", "fare", "note"]
    assert columns(sink, loads=True) == ["Op", "at", *source, "SEQUENCE"]
    assert columns(sink, loads=False) == ["Op", "at", *source, "SEQUENCE", "BI_id"]
    times = [row["at"] for row in sink.rows("fares")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", text) for text in times)


def test_without_the_setting_a_load_has_no_operation(database: Database) -> None:
    sink = replicated(database, s3={"IncludeOpForFullLoad": False})
    assert columns(sink, loads=True) == ["id", "fare", "note", "SEQUENCE"]
    assert columns(sink, loads=False)[0] == "Op"


@pytest.mark.parametrize(
    ("expression", "of_load", "of_change"),
    [
        ("$AR_H_OPERATION", "INSERT", r"INSERT|UPDATE|DELETE"),
        ("$AR_H_CHANGE_SEQ", "", r"\d{35}"),
        ("$AR_H_STREAM_POSITION", "", r"binlog\.\d{6}:\d+|[0-9A-F]+/[0-9A-F]{8}"),
    ],
)
def test_an_added_column_says_what_dms_knows(either: Database, expression: str, of_load: str, of_change: str) -> None:
    sink = replicated(either, rules=[selection(either.schema), added(either.schema, "extra", expression)])
    assert {row["extra"] for row in sink.rows("fares", loads=True)} == {of_load}
    found = [row["extra"] for row in sink.rows("fares", loads=False)]
    assert len(found) == 3
    assert all(re.fullmatch(of_change, text) for text in found)


@pytest.mark.parametrize("expression", ["$AR_H_TIMESTAMP", "$AR_H_COMMIT_TIMESTAMP"])
def test_an_added_time_is_a_timestamp(either: Database, expression: str) -> None:
    rules = [selection(either.schema), added(either.schema, "at", expression, "datetime")]
    sink = replicated(either, rules=rules)
    for key in sink.files:
        assert sink.table(key).schema.field("at").type == pa.timestamp("us")
    age = [datetime.now(UTC) - row["at"].replace(tzinfo=UTC) for row in sink.rows("fares")]
    assert all(abs(one.total_seconds()) < 120 for one in age)


def test_without_the_rules_no_column_is_added(database: Database) -> None:
    sink = replicated(database, rules=[selection(database.schema)])
    assert columns(sink, loads=False) == ["Op", "id", "fare", "note"]


def test_upper_case_changes_names_of_the_source_and_not_of_added_columns(either: Database) -> None:
    schema = either.schema
    rules = [
        selection(schema),
        transformation("convert-uppercase", schema),
        added(schema, "seq", "$AR_H_CHANGE_SEQ"),
        before_images(schema),
    ]
    sink = replicated(either, rules=rules)
    assert columns(sink, loads=False) == ["Op", "ID", "FARE", "NOTE", "seq", "BI_ID"]


def test_schema_and_table_get_other_folders(database: Database) -> None:
    rules = [
        selection(database.schema),
        transformation("rename", database.schema, "schema", value="lake"),
        transformation("rename", database.schema, "table", value="prices"),
    ]
    assert all(key.startswith("lake/prices/") for key in replicated(database, rules=rules).files)


@pytest.mark.parametrize(
    ("filter_", "names"),
    [("pk-only", ["old_id_x"]), ("all", ["old_id_x", "old_fare_x", "old_note_x"])],
)
def test_before_images_have_prefix_suffix_and_the_columns_of_the_filter(
    database: Database, filter_: str, names: list[str]
) -> None:
    images = before_images(
        database.schema, **{"column-prefix": "old_", "column-suffix": "_x", "column-filter": filter_}
    )
    sink = replicated(database, rules=[selection(database.schema), images])
    assert columns(sink, loads=False)[4:] == names
    (update,) = [row for row in sink.rows("fares", loads=False) if row["Op"] == "U"]
    assert (update["id"], update["old_id_x"]) == (7, 1)


def test_non_lob_before_images_leave_large_columns_out(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE big (id INT PRIMARY KEY, body LONGTEXT)", "INSERT INTO big VALUES (1, 'x')")
    images = before_images(database.schema, **{"column-filter": "non-lob"})
    replication = database.replication(sink, rules=[selection(database.schema, "big"), images])
    replication.start()
    database.run("UPDATE big SET body = 'y'")
    replication.step(write=True)
    assert columns(sink, loads=False) == ["Op", "id", "body", "BI_id"]


def test_parquet_is_as_the_endpoint_says(database: Database) -> None:
    database.run("CREATE TABLE times (id INT UNSIGNED PRIMARY KEY, at DATETIME(6))")
    database.run("INSERT INTO times SELECT seq, '2026-11-30 10:00:00.123456' FROM seq_1_to_25")
    sinks = {}
    for name, s3 in {
        "usual": {},
        "other": {
            "ParquetVersion": "parquet-1-0",
            "ParquetTimestampInMillisecond": True,
            "RowGroupLength": 10,
            "EnableStatistics": False,
        },
    }.items():
        sinks[name] = MemorySink()
        database.replication(sinks[name], s3=s3, rules=[selection(database.schema, "times")]).start()
    usual, other = (pq.ParquetFile(io.BytesIO(next(iter(sink.files.values())))) for sink in sinks.values())
    assert usual.schema_arrow.field("at").type == pa.timestamp("us")
    assert other.schema_arrow.field("at").type == pa.timestamp("ms")
    assert [file.num_row_groups for file in (usual, other)] == [1, 3]
    assert [file.metadata.row_group(0).column(1).is_stats_set for file in (usual, other)] == [True, False]
    assert {str(file.metadata.format_version) for file in (usual, other)} == {"2.6", "1.0"}
    (at,) = set(sinks["other"].table(next(iter(sinks["other"].files)))["at"].to_pylist())
    assert at == datetime(2026, 11, 30, 10, 0, 0, 123_000)  # noqa: DTZ001 - as written


def test_a_load_has_as_many_parts_as_its_size_needs(database: Database, sink: MemorySink) -> None:
    database.run(
        "CREATE TABLE wide (id INT PRIMARY KEY, text VARCHAR(100))",
        "INSERT INTO wide SELECT seq, REPEAT('x', 100) FROM seq_1_to_12000",
    )
    database.replication(sink, s3={"MaxFileSize": 300}).start()
    assert [key.rpartition("/")[2] for key in sink.keys] == [f"LOAD{n:08X}.parquet" for n in (1, 2, 3)]
    assert sorted(row["id"] for row in sink.rows("wide")) == list(range(1, 12_001))


def test_an_empty_table_has_no_file(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE nothing (id INT PRIMARY KEY)")
    database.replication(sink).start()
    assert sink.files == {}


def test_changes_wait_for_the_interval_or_the_size(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY, note VARCHAR(100))")
    replication = database.replication(sink, s3={"CdcMaxBatchInterval": 1, "CdcMinFileSize": 1})
    replication.start()
    database.run("INSERT INTO fares VALUES (1, 'small')")
    assert replication.step() == 1
    assert sink.files == {}
    database.run("INSERT INTO fares SELECT seq, REPEAT('x', 100) FROM seq_2_to_40")
    replication.step()
    assert len(sink.files) == 1, "the size is reached"
    database.run("INSERT INTO fares VALUES (50, 'small')")
    replication.step()
    assert len(sink.files) == 1
    time.sleep(1.1)
    replication.step()
    assert len(sink.files) == 2, "the interval is over"
    database.assert_lake_is_source(sink.files, "fares")


class FakeTime(threading.Event):
    """What a replication waits for, and the time that passes meanwhile; `at` has statements by the second."""

    def __init__(self, database: Database, at: dict[float, str], until: float) -> None:
        super().__init__()
        self.now, self.waits = 0.0, list[float]()
        self._database, self._at, self._until = database, dict(at), until

    def is_set(self) -> bool:
        return self.now >= self._until

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout
        self.now += timeout
        self.waits.append(timeout)
        for second in [second for second in self._at if second <= self.now]:
            self._database.run(self._at.pop(second))
        return self.is_set()


@pytest.fixture
def fake_time(either: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[float, str], float], FakeTime]:
    def make(at: dict[float, str], until: float) -> FakeTime:
        made = FakeTime(either, at, until)
        monkeypatch.setattr("rehearsal.dms.change_stream.time.monotonic", lambda: made.now)
        return made

    return make


def test_a_file_is_written_when_its_interval_is_over_also_if_the_source_is_idle_then(
    either: Database, fake_time: Any
) -> None:
    """A change waited for the next look into the log, for up to twice the interval: the longest lags of the demo."""
    written: dict[str, float] = {}
    either.run("CREATE TABLE fares (id INT PRIMARY KEY)")
    interval = 7
    time_ = fake_time({0.1: "INSERT INTO fares VALUES (1)"}, 30)

    class TimedSink(MemorySink):
        def put(self, key: str, body: bytes) -> None:
            written[key] = time_.now

    either.replication(TimedSink(), s3={"CdcMaxBatchInterval": interval}).run(time_)
    (at,) = written.values()
    assert interval <= at <= interval + 1, "a source that has just been busy is looked at each half second"


def test_each_look_into_the_log_is_followed_by_a_pause_also_if_the_source_is_busy(
    either: Database, sink: MemorySink, fake_time: Any
) -> None:
    either.run("CREATE TABLE fares (id INT PRIMARY KEY)")
    inserts = {float(second): f"INSERT INTO fares VALUES ({second})" for second in range(1, 10)}
    time_, looks = fake_time(inserts, 20), list[int]()

    class Counted(Replication):
        def step(self, *, write: bool = False) -> int:
            looks.append(super().step(write=write))
            return looks[-1]

    Counted(either.definition(), either.server.connection(), sink, either.folder()).run(time_)
    assert sum(looks) == len(inserts)
    assert len(looks) == len(time_.waits)
    assert max(time_.waits[:18]) <= 0.5
    assert time_.waits[-1] > 0.5, "an idle source is left alone for longer"
    either.assert_lake_is_source(sink.files, "fares")


def test_files_of_a_clock_that_stands_do_not_overwrite_each_other(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)")
    stopped = datetime(2026, 11, 30, 12, tzinfo=UTC)
    connection = database.server.connection()
    replication = Replication(database.definition(), connection, sink, database.folder(), clock=lambda: stopped)
    replication.start()
    for number in range(3):
        database.run(f"INSERT INTO fares VALUES ({number})")
        replication.step(write=True)
    assert [key.rpartition("/")[2] for key in sink.keys] == [f"20261130-12000000{n}.parquet" for n in range(3)]


@pytest.mark.parametrize("mode", ["DROP_AND_CREATE", "DO_NOTHING"])
def test_a_reload_removes_files_only_if_the_settings_say_so(database: Database, mode: str) -> None:
    settings = {"FullLoadSettings": {"TargetTablePrepMode": mode}}
    sink = MemorySink()
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    replication = database.replication(sink, settings=settings)
    replication.start()
    database.run("INSERT INTO fares VALUES (2)")
    replication.step(write=True)
    replication.reload((database.schema, "fares"))
    assert len(sink.files) == (1 if mode == "DROP_AND_CREATE" else 2)


def test_a_folder_holds_what_a_bucket_would(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path)
    sink.put("a/b/LOAD00000001.parquet", b"1")
    sink.put("a/b/2026/11/30/x.parquet", b"2")
    sink.put("a/other/y.parquet", b"3")
    sink.put("a/b/LOAD00000001.parquet", b"4")
    sink.remove("a/b/")
    assert [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.parquet")] == ["a/other/y.parquet"]


class RecordingClient:
    """Remembers the calls to S3."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def put_object(self, **given: Any) -> None:
        self.calls.append(given)


@pytest.mark.parametrize(
    ("settings", "encryption"),
    [
        ({}, {"ServerSideEncryption": "AES256"}),
        (
            {"EncryptionMode": "sse-kms", "ServerSideEncryptionKmsKeyId": "arn:key"},
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:key"},
        ),
    ],
)
def test_objects_are_put_with_the_endpoints_encryption_and_expected_owner(
    settings: dict[str, Any], encryption: dict[str, str]
) -> None:
    client = RecordingClient()
    read = S3Settings.read(S3 | settings | {"ExpectedBucketOwner": "111111111111"}, "S3Settings")
    S3Sink(client, read).put("key", b"body")  # type: ignore[arg-type]
    expected = {"Bucket": "staging", "Key": "key", "Body": b"body", "ExpectedBucketOwner": "111111111111"}
    assert client.calls == [expected | encryption]


def test_removing_a_folder_of_a_bucket_leaves_the_others() -> None:
    read = S3Settings.read(S3, "S3Settings")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket="staging")
        sink = S3Sink(client, read)
        for key in ("shop/fares/LOAD00000001.parquet", "shop/fares/2026/11/30/x.parquet", "shop/fares_2/y.parquet"):
            sink.put(key, b"body")
        sink.remove("shop/fares/")
        assert [one["Key"] for one in client.list_objects_v2(Bucket="staging")["Contents"]] == [
            "shop/fares_2/y.parquet"
        ]
