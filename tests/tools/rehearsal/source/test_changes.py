from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from rehearsal.source.database import SourceDatabase
from rehearsal.source.generator import generate_trips
from rehearsal.source.taxi_trips import apply_changes, create_taxi_trips


def taxi(path: Path, rows_per_table: int = 300) -> SourceDatabase:
    database = create_taxi_trips(SourceDatabase(path), generate_trips(18 * rows_per_table))
    database.capture_changes()
    return database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SourceDatabase]:
    with taxi(tmp_path / "taxi.db") as database:
        yield database


def log(database: SourceDatabase, table: str) -> pa.Table:
    with database.snapshot() as snapshot:
        return snapshot.changes(table, 0)


def test_what_is_returned_is_what_the_database_logged(database: SourceDatabase) -> None:
    for changes in apply_changes(database):
        counts = Counter(log(database, changes.table)["operation"].to_pylist())
        assert (counts["INSERT"], counts["UPDATE"], counts["DELETE"]) == (
            changes.inserted,
            changes.updated,
            changes.deleted,
        )


def test_only_the_chosen_number_of_tables_changes(database: SourceDatabase) -> None:
    changed = [changes.table for changes in apply_changes(database, tables=4)]
    logged = [name for name in database.tables if log(database, name).num_rows]
    assert len(changed) == 4
    assert changed == logged


def test_the_same_seed_changes_the_same_rows_to_the_same_values(tmp_path: Path) -> None:
    with taxi(tmp_path / "a.db") as one, taxi(tmp_path / "b.db") as other:
        assert apply_changes(one, 5) == apply_changes(other, 5)
        for name in one.tables:
            with one.snapshot() as here, other.snapshot() as there:
                assert here.rows(name).equals(there.rows(name))


def test_another_seed_changes_other_tables(tmp_path: Path) -> None:
    with taxi(tmp_path / "a.db") as one, taxi(tmp_path / "b.db") as other:
        tables = [[changes.table for changes in apply_changes(db, seed)] for db, seed in ((one, 1), (other, 2))]
    assert tables[0] != tables[1]


def test_every_hard_case_of_a_replication_occurs_in_each_changed_table(database: SourceDatabase) -> None:
    before = {}
    with database.snapshot() as snapshot:
        for name in database.tables:
            before[name] = dict(
                zip(*snapshot.rows(name).select(["PK_ID", "VendorID"]).to_pydict().values(), strict=True)
            )
    for changes in apply_changes(database):
        stories: dict[int, list[str]] = defaultdict(list)
        vendors = before[changes.table]
        logged = log(database, changes.table).to_pylist()
        for row in logged:
            stories[row["PK_ID"]].append(row["operation"])
        found = {tuple(story) for story in stories.values()}
        assert {("DELETE", "INSERT"), ("INSERT", "DELETE"), ("DELETE", "INSERT", "DELETE")} <= found
        assert ("UPDATE", "UPDATE", "UPDATE", "UPDATE") in found
        updated = [row for row in logged if row["operation"] == "UPDATE"]
        assert any(vendors.get(row["PK_ID"]) == 1 and row["VendorID"] == 2 for row in updated)
        assert any(row["store_and_fwd_flag"] == "" for row in updated)
        assert any(row["PK_ID"] not in vendors and row["operation"] == "INSERT" for row in logged)


def test_the_steps_of_different_rows_are_interleaved(database: SourceDatabase) -> None:
    table = apply_changes(database)[0].table
    keys = log(database, table)["PK_ID"].to_pylist()
    last_seen: dict[int, int] = {}
    gaps = []
    for place, key in enumerate(keys):
        gaps.append(place - last_seen.get(key, place))
        last_seen[key] = place
    assert max(gaps) > 1


def test_a_table_of_a_single_row_is_changed_as_far_as_it_goes(tmp_path: Path) -> None:
    with taxi(tmp_path / "tiny.db", rows_per_table=1) as database:
        changes = apply_changes(database, tables=1)[0]
    assert changes.updated >= 1
    assert changes.inserted == 3
