"""The operational database on a server: what is loaded is read again, and traffic goes on beside other work."""
# ruff: noqa: DTZ001 - the columns have no zone

import threading
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

import pyarrow as pa
import pytest
from pymysql.cursors import DictCursor

from rehearsal.source.database import SourceTable
from rehearsal.source.generator import generate_trips
from rehearsal.source.mariadb.database import MariaDbDatabase, declared_type
from rehearsal.source.mariadb.program import MariaDbError
from rehearsal.source.mariadb.server import MariaDbServer
from rehearsal.source.reference_tables import change_reference_tables, create_reference_tables
from rehearsal.source.taxi_trips import apply_changes, changed_tables, create_taxi_trips, trip_tables
from rehearsal.source.traffic import Traffic

_numbers = count(1)
SCHEMA = pa.schema(
    [
        pa.field("ID", pa.int64(), nullable=False),
        ("small", pa.int32()),
        ("fare", pa.float64()),
        ("text", pa.string()),
        ("at", pa.timestamp("us")),
        ("day", pa.date32()),
        ("paid", pa.bool_()),
    ]
)
ROWS = pa.table(
    {
        "ID": [-(2**63), -1, 0, 2**63 - 1],
        "small": [None, -(2**31), 0, 2**31 - 1],
        "fare": [0.1 + 0.2, -1e-300, 1.7976931348623157e308, None],
        "text": ["", None, "tab\t back\\slash \\N\nline 'quote' \"double\"", "Zoë 🚕"],
        "at": [datetime(2021, 1, 1, 0, 0, 0, 1), None, datetime(1999, 12, 31, 23, 59, 59, 999_999), None],
        "day": [None, datetime(2021, 2, 28).date(), datetime(1000, 1, 1).date(), None],
        "paid": [True, False, None, True],
    },
    schema=SCHEMA,
)


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDbServer]:
    with MariaDbServer() as server:
        yield server


@pytest.fixture
def database(server: MariaDbServer) -> MariaDbDatabase:
    return MariaDbDatabase(server, f"demo_{next(_numbers)}")


def asked(database: MariaDbDatabase, query: str) -> list[dict[str, Any]]:
    """What another client of the server reads."""
    with (
        database.server.connect(database=database.schema, cursorclass=DictCursor) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query)
        return list(cursor.fetchall())


def test_every_value_that_is_loaded_is_read_again(database: MariaDbDatabase) -> None:
    database.create_table(SourceTable("rides", SCHEMA, ("ID",)))
    database.load("rides", ROWS)
    with database.snapshot() as snapshot:
        assert snapshot.rows("rides").equals(ROWS)
    expected = [row | {"paid": None if row["paid"] is None else int(row["paid"])} for row in ROWS.to_pylist()]
    assert asked(database, "SELECT * FROM rides ORDER BY ID") == expected


def test_text_that_does_not_fit_is_an_error_and_nothing_is_loaded(database: MariaDbDatabase) -> None:
    database.create_table(SourceTable("rides", SCHEMA, ("ID",)))
    long = ROWS.set_column(3, "text", pa.array(["x" * 256, "", "", ""]))
    with pytest.raises(MariaDbError, match="rides cannot be filled: .*Data truncated for column 'text' at row 1"):
        database.load("rides", long.cast(SCHEMA))
    assert asked(database, "SELECT * FROM rides") == []


def test_type_that_no_column_has_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"no column .* has the type list"):
        declared_type(pa.list_(pa.int64()))


def test_transaction_that_fails_leaves_nothing(database: MariaDbDatabase) -> None:
    create_reference_tables(database)

    def fail() -> None:
        with database.transaction() as transaction:
            transaction.execute("DELETE FROM vendors")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(asked(database, "SELECT * FROM vendors")) == 4


def test_snapshot_does_not_see_what_is_committed_later(database: MariaDbDatabase) -> None:
    create_reference_tables(database)
    with database.snapshot() as snapshot:
        with database.transaction() as transaction:
            transaction.execute("DELETE FROM vendors WHERE VendorID > ?", (1,))
        assert snapshot.rows("vendors").num_rows == 4
    assert [row["VendorID"] for row in asked(database, "SELECT * FROM vendors")] == [1]


def test_added_column_is_in_the_schema_and_empty(database: MariaDbDatabase) -> None:
    create_reference_tables(database)
    database.add_column("vendors", pa.field("fleet", pa.int64()))
    with database.snapshot() as snapshot:
        assert snapshot.rows("vendors")["fleet"].to_pylist() == [None] * 4


def test_business_day_is_what_the_log_has(database: MariaDbDatabase) -> None:
    create_taxi_trips(database, generate_trips(18 * 300))
    create_reference_tables(database)
    before = {name: len(asked(database, f"SELECT * FROM {name}")) for name in database.tables}  # noqa: S608
    done = (*apply_changes(database), *change_reference_tables(database))
    after = {name: len(asked(database, f"SELECT * FROM {name}")) for name in database.tables}  # noqa: S608
    grown = {changes.table: changes.inserted - changes.deleted for changes in done}
    assert after == {name: rows + grown.get(name, 0) for name, rows in before.items()}
    assert {changes.table for changes in done} >= set(changed_tables(database))


def test_traffic_inserts_updates_moves_renames_and_deletes_in_transactions_over_several_tables(
    database: MariaDbDatabase,
) -> None:
    create_taxi_trips(database, generate_trips(36), tables=3)
    create_reference_tables(database)
    of_trips = trip_tables(database)
    traffic = Traffic(database, of_trips[:2])
    for _ in range(150):
        traffic.transact()
    assert set(traffic.statements) == {"insert", "update", "move", "rename", "delete"}
    (zone,) = asked(database, "SELECT service_zone FROM zones WHERE LocationID = 1")
    assert zone["service_zone"] == "EWR, transaction 150"
    mine = [asked(database, f"SELECT PK_ID FROM {table} WHERE PK_ID < 0") for table in of_trips]  # noqa: S608
    assert sum(map(len, mine[:2])) == traffic.statements["insert"] - traffic.statements["delete"]
    assert mine[2] == []


def test_traffic_goes_on_beside_a_business_day_until_it_is_stopped(database: MariaDbDatabase) -> None:
    create_taxi_trips(database, generate_trips(18 * 50))
    create_reference_tables(database)
    quiet = [table for table in trip_tables(database) if table not in changed_tables(database)]
    traffic, stopped = Traffic(database, quiet[:2]), threading.Event()
    thread = threading.Thread(target=traffic.run, args=(stopped,))
    thread.start()
    apply_changes(database)
    while traffic.transactions < 3:
        assert thread.is_alive()
    stopped.set()
    thread.join(10)
    (zone,) = asked(database, "SELECT service_zone FROM zones WHERE LocationID = 1")
    assert zone["service_zone"] == f"EWR, transaction {traffic.transactions}"
