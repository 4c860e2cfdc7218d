from pathlib import Path

import pytest

from rehearsal.source.database import SourceDatabase
from rehearsal.source.generator import generate_trips
from rehearsal.source.taxi_trips import create_taxi_trips


def test_trips_are_dealt_out_in_turn_and_numbered_in_each_table(tmp_path: Path) -> None:
    trips = generate_trips(40)
    with create_taxi_trips(SourceDatabase(tmp_path / "taxi.db"), trips) as database, database.snapshot() as snapshot:
        assert list(database.tables) == [f"table_{number}" for number in range(1, 19)]
        first, last = snapshot.rows("table_1"), snapshot.rows("table_18")
    assert (first["PK_ID"].to_pylist(), last["PK_ID"].to_pylist()) == ([1, 2, 3], [1, 2])
    assert first.drop(["PK_ID"]).equals(trips.take([0, 18, 36]))
    assert last.drop(["PK_ID"]).equals(trips.take([17, 35]))


def test_too_few_trips_for_the_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="17 trips cannot fill 18 tables"):
        create_taxi_trips(SourceDatabase(tmp_path / "taxi.db"), generate_trips(17))
