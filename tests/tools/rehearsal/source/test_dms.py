import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from rehearsal.source.database import SourceDatabase, SourceTable
from rehearsal.source.dms import DatePartitions, DmsSettings, DmsTask, S3Sink, WrittenFile
from rehearsal.source.generator import generate_trips
from rehearsal.source.taxi_trips import apply_changes, create_taxi_trips

Start = Callable[..., DmsTask]
COLUMNS = ["PK_ID", "VENDOR", "FARE", "FLAG", "STARTED", "CDC_TIMESTAMP_SEQ", "CDC_OPERATION"]


@pytest.fixture
def start(database: SourceDatabase, sink: Any) -> Start:
    """Start a task on the three rides."""
    return lambda **settings: DmsTask(
        database, sink, DmsSettings(**settings), clock=lambda: datetime(2021, 1, 5, 12, 1, 2, tzinfo=UTC)
    )


def execute(database: SourceDatabase, *statements: str) -> None:
    with database.transaction() as connection:
        for statement in statements:
            connection.execute(statement)


def replayed(sink: Any, table: str) -> list[dict[str, Any]]:
    """Apply the files of a table in the order of their names, as a reader without the database would."""
    rows: dict[int, dict[str, Any]] = {}
    for key, body in sorted(sink.puts, key=lambda put: ("LOAD" not in put[0], put[0])):
        if f"/{table}/" not in key:
            continue
        for row in pq.read_table(pa.BufferReader(body)).to_pylist():
            operation = row.pop("CDC_OPERATION")
            image = {name: value for name, value in row.items() if name not in ("Op", "CDC_TIMESTAMP_SEQ")}
            before = rows.pop(row["PK_ID"], None)
            assert (before is None) == (operation == "INSERT")
            if operation == "DELETE":
                assert before == image
            else:
                rows[row["PK_ID"]] = image
    return [rows[key] for key in sorted(rows)]


def truth(database: SourceDatabase, table: str) -> list[dict[str, Any]]:
    with database.snapshot() as snapshot:
        rows = snapshot.rows(table)
    return list(rows.rename_columns([name.upper() for name in rows.column_names]).to_pylist())


def test_a_full_load_has_upper_case_columns_and_the_mapped_ones_but_no_op(start: Start, sink: Any) -> None:
    assert start().full_load() == [
        WrittenFile("taxi_trips/rides/LOAD00000001.parquet", "rides", len(sink.puts[0][1]), 3)
    ]
    (table,) = sink.tables()
    assert table.column_names == COLUMNS
    assert set(table["CDC_TIMESTAMP_SEQ"].to_pylist()) == {""}
    assert set(table["CDC_OPERATION"].to_pylist()) == {"INSERT"}


def test_timestamps_are_microseconds_without_a_zone(start: Start, sink: Any) -> None:
    start().full_load()
    logical = pq.ParquetFile(pa.BufferReader(sink.puts[0][1])).schema.column(4).logical_type.to_json()
    stored = json.loads(logical)
    assert (stored["Type"], stored["isAdjustedToUTC"], stored["timeUnit"]) == ("Timestamp", False, "microseconds")


def test_op_comes_first_in_a_full_load_that_asks_for_it(start: Start, sink: Any) -> None:
    start(op_on_full_load=True).full_load()
    assert sink.tables()[0].column_names == ["Op", *COLUMNS]
    assert sink.tables()[0]["Op"].to_pylist() == ["I", "I", "I"]


def test_the_change_sequence_of_a_full_load_may_be_null(start: Start, sink: Any) -> None:
    start(full_load_sequence=None).full_load()
    sequence = sink.tables()[0]["CDC_TIMESTAMP_SEQ"]
    assert (sequence.type, sequence.null_count) == (pa.string(), 3)


def test_a_full_load_in_parts_numbers_them_and_keeps_every_row(start: Start, sink: Any) -> None:
    files = start(rows_per_file=2).full_load()
    assert sink.keys == ["taxi_trips/rides/LOAD00000001.parquet", "taxi_trips/rides/LOAD00000002.parquet"]
    assert [file.inserted for file in files] == [2, 1]
    assert [row["PK_ID"] for row in sink.rows()] == [1, 2, 3]


def test_an_empty_table_gets_no_file(database: SourceDatabase, start: Start, sink: Any) -> None:
    execute(database, "DELETE FROM rides")
    assert start().full_load() == []
    assert sink.puts == []


def test_change_files_start_with_op_and_keep_the_order_of_the_log(
    database: SourceDatabase, start: Start, sink: Any
) -> None:
    task = start()
    task.full_load()
    execute(database, "INSERT INTO rides VALUES (9, 1, 1.0, 'Y', NULL)", "UPDATE rides SET fare = 2 WHERE PK_ID = 9")
    execute(database, "DELETE FROM rides WHERE PK_ID = 1")
    (file,) = task.replicate()
    assert (file.key, file.inserted, file.updated, file.deleted) == (
        "taxi_trips/rides/20210105-120102000.parquet",
        1,
        1,
        1,
    )
    (table,) = sink.tables(containing="2021")
    assert table.column_names == ["Op", *COLUMNS]
    assert table["Op"].to_pylist() == ["I", "U", "D"]
    assert table["CDC_OPERATION"].to_pylist() == ["INSERT", "UPDATE", "DELETE"]
    assert table["FARE"].to_pylist() == [1.0, 2.0, 1.5]


def test_change_sequences_have_35_digits_and_grow_over_all_files(
    database: SourceDatabase, start: Start, sink: Any
) -> None:
    task = start()
    task.full_load()
    for _ in range(12):
        execute(database, "UPDATE rides SET fare = fare + 1")
        task.replicate()
    sequences = [row["CDC_TIMESTAMP_SEQ"] for row in sink.rows(containing="-1201")]
    assert len(sequences) == 36
    assert sequences == sorted(set(sequences))
    assert all(len(sequence) == 35 and sequence.isdigit() for sequence in sequences)
    assert sequences[0][16:] == "1".zfill(19)


def test_a_change_sequence_begins_with_the_commit_time_to_the_hundredth(
    database: SourceDatabase, start: Start, sink: Any
) -> None:
    task = start()
    task.full_load()
    execute(
        database, "DELETE FROM rides WHERE PK_ID = 1", "UPDATE change_log SET logged_at = '2021-01-05 09:08:07.654'"
    )
    task.replicate()
    assert sink.rows(containing="2021")[0]["CDC_TIMESTAMP_SEQ"].startswith("2021010509080765" + "0" * 18)


def test_nothing_changed_writes_nothing(start: Start, sink: Any) -> None:
    task = start()
    task.full_load()
    assert task.replicate() == []


def test_changes_before_the_full_load_are_in_it_and_only_there(
    database: SourceDatabase, start: Start, sink: Any
) -> None:
    task = start()
    execute(database, "DELETE FROM rides WHERE PK_ID = 1")
    task.full_load()
    assert task.replicate() == []
    assert [row["PK_ID"] for row in sink.rows()] == [2, 3]


def test_changes_committed_while_the_full_load_runs_come_as_changes_only(
    database: SourceDatabase, start: Start, sink: Any
) -> None:
    database.create_table(SourceTable("more", database.tables["rides"].schema))
    execute(database, "INSERT INTO more SELECT * FROM rides")
    task = start()
    put = sink.put

    def put_and_change(key: str, body: bytes) -> None:
        put(key, body)
        if "rides/LOAD" in key:
            execute(database, "DELETE FROM more WHERE PK_ID = 1", "DELETE FROM rides WHERE PK_ID = 2")

    sink.put = put_and_change
    task.full_load()
    assert [row["PK_ID"] for row in sink.rows(containing="more/LOAD")] == [1, 2, 3]
    task.replicate()
    for table in ("rides", "more"):
        assert replayed(sink, table) == truth(database, table)


def test_a_reload_of_one_table_starts_its_changes_anew(database: SourceDatabase, start: Start, sink: Any) -> None:
    task = start()
    task.full_load()
    execute(database, "DELETE FROM rides WHERE PK_ID = 1")
    task.full_load("rides")
    assert task.replicate() == []
    assert sink.keys == ["taxi_trips/rides/LOAD00000001.parquet"] * 2
    assert sink.tables()[1].num_rows == 2


def test_deletes_may_carry_the_key_alone(database: SourceDatabase, start: Start, sink: Any) -> None:
    task = start(deletes_carry="key")
    task.full_load()
    execute(database, "DELETE FROM rides WHERE PK_ID = 1", "UPDATE rides SET fare = 3 WHERE PK_ID = 2")
    task.replicate()
    deleted, updated = sink.rows(containing="2021")
    assert {name: deleted[name] for name in ("PK_ID", "VENDOR", "FARE", "FLAG")} == {
        "PK_ID": 1, "VENDOR": None, "FARE": None, "FLAG": None,
    }  # fmt: skip
    assert (updated["VENDOR"], updated["FARE"]) == (2, 3.0)


def test_changes_of_two_days_go_into_two_date_folders(database: SourceDatabase, start: Start, sink: Any) -> None:
    task = start(date_partitions=DatePartitions())
    task.full_load()
    execute(
        database, "DELETE FROM rides WHERE PK_ID = 1", "UPDATE change_log SET logged_at = '2020-12-31 23:59:59.999'"
    )
    execute(database, "DELETE FROM rides WHERE PK_ID = 2")
    execute(database, "UPDATE change_log SET logged_at = '2021-01-01 00:00:00.000' WHERE position = 2")
    task.replicate()
    assert [key.removeprefix("taxi_trips/rides/") for key in sink.keys[1:]] == [
        "2020/12/31/20210105-120102000.parquet",
        "2021/01/01/20210105-120102001.parquet",
    ]


@pytest.mark.parametrize("rows_per_file", [None, 7])
def test_the_files_of_a_busy_day_replayed_give_the_database_exactly(
    tmp_path: Path, sink: Any, rows_per_file: int | None
) -> None:
    with create_taxi_trips(SourceDatabase(tmp_path / "taxi.db"), generate_trips(18 * 60)) as database:
        task = DmsTask(database, sink, DmsSettings(rows_per_file=rows_per_file))
        task.full_load()
        for seed in (1, 2, 3):
            changes = apply_changes(database, seed)
            files = task.replicate()
            written = {table: [f for f in files if f.table == table] for table in {file.table for file in files}}
            assert {
                (table, sum(f.inserted for f in of), sum(f.updated for f in of), sum(f.deleted for f in of))
                for table, of in written.items()
            } == {(change.table, change.inserted, change.updated, change.deleted) for change in changes}
        for table in database.tables:
            assert replayed(sink, table) == truth(database, table)


def test_the_s3_sink_puts_objects_into_its_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="staging")
        S3Sink(client, "staging").put("taxi_trips/table_1/LOAD00000001.parquet", b"PAR1")
        stored = client.get_object(Bucket="staging", Key="taxi_trips/table_1/LOAD00000001.parquet")
        assert stored["Body"].read() == b"PAR1"
