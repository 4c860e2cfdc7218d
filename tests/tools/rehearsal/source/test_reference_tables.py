"""The small tables of the operational database hold TLC's lists, and the business day changes each of them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.source.database import SourceDatabase
from rehearsal.source.generator import generate_trips
from rehearsal.source.reference_tables import REFERENCE_TABLES, change_reference_tables, create_reference_tables
from rehearsal.source.taxi_trips import apply_changes, create_taxi_trips


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SourceDatabase]:
    with SourceDatabase(tmp_path / "taxi.db") as database:
        create_reference_tables(database)
        database.capture_changes()
        yield database


def codes(database: SourceDatabase, table: str) -> list[int]:
    with database.snapshot() as snapshot:
        values: list[int] = snapshot.rows(table).column(0).to_pylist()
    return values


def test_each_table_has_the_codes_that_tlc_publishes(database: SourceDatabase) -> None:
    assert tuple(database.tables) == REFERENCE_TABLES
    assert codes(database, "zones") == list(range(1, 266))
    assert codes(database, "vendors") == [1, 2, 6, 7]
    assert codes(database, "rate_codes") == [1, 2, 3, 4, 5, 6, 99]
    assert codes(database, "payment_types") == list(range(7))


def test_zone_without_a_name_keeps_the_text_that_tlc_writes(database: SourceDatabase) -> None:
    with database.snapshot() as snapshot:
        zones = {row["LocationID"]: row for row in snapshot.rows("zones").to_pylist()}
    assert zones[264] == {"LocationID": 264, "Borough": "Unknown", "Zone": "N/A", "service_zone": "N/A"}
    assert zones[132] == {"LocationID": 132, "Borough": "Queens", "Zone": "JFK Airport", "service_zone": "Airports"}


def test_number_of_rows_is_told(tmp_path: Path) -> None:
    with SourceDatabase(tmp_path / "taxi.db") as database:
        assert create_reference_tables(database) == 265 + 4 + 7 + 7


def test_what_is_returned_of_the_changes_is_what_the_database_logged(database: SourceDatabase) -> None:
    changed = change_reference_tables(database)
    assert tuple(table.table for table in changed) == REFERENCE_TABLES
    for table in changed:
        with database.snapshot() as snapshot:
            logged = Counter(snapshot.changes(table.table, 0)["operation"].to_pylist())
        assert (table.inserted, table.updated, table.deleted) == (logged["INSERT"], logged["UPDATE"], logged["DELETE"])
        assert logged.total() > 0


def test_changes_insert_update_and_delete_rows_and_leave_no_row_that_came_and_went(database: SourceDatabase) -> None:
    change_reference_tables(database)
    zones = codes(database, "zones")
    assert (266 in zones, 105 in zones, len(zones)) == (True, False, 265)
    assert codes(database, "payment_types") == list(range(7))


def test_changes_of_trips_spare_the_reference_tables(tmp_path: Path) -> None:
    with create_taxi_trips(SourceDatabase(tmp_path / "taxi.db"), generate_trips(36)) as database:
        alone = [changes.table for changes in apply_changes(database)]
    with create_taxi_trips(SourceDatabase(tmp_path / "both.db"), generate_trips(36)) as database:
        create_reference_tables(database)
        assert [changes.table for changes in apply_changes(database)] == alone
