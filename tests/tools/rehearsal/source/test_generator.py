import pyarrow as pa
import pyarrow.compute as pc
import pytest

from rehearsal.source.generator import DAYS, MONTH_START, UNREPORTED, generate_trips
from rehearsal.source.trips import TRIPS


@pytest.fixture(scope="module")
def trips() -> pa.Table:
    return generate_trips(5_000)


def test_the_same_seed_gives_the_same_trips(trips: pa.Table) -> None:
    assert generate_trips(5_000).equals(trips)


def test_another_seed_gives_other_trips(trips: pa.Table) -> None:
    assert not generate_trips(5_000, seed=1)["fare_amount"].equals(trips["fare_amount"])


def test_trips_have_the_canonical_schema(trips: pa.Table) -> None:
    assert (trips.schema, trips.num_rows) == (TRIPS, 5_000)


def test_trips_lie_in_one_month_ordered_by_pickup_and_end_after_they_start(trips: pa.Table) -> None:
    pickups = [moment.replace(tzinfo=MONTH_START.tzinfo) for moment in trips["tpep_pickup_datetime"].to_pylist()]
    assert pickups == sorted(pickups)
    assert pickups[0] >= MONTH_START
    assert (pickups[-1] - MONTH_START).days < DAYS
    assert pc.all(pc.less(trips["tpep_pickup_datetime"], trips["tpep_dropoff_datetime"])).as_py()


def test_late_reported_trips_lack_the_meters_values_together(trips: pa.Table) -> None:
    missing = [pc.is_null(trips[name]) for name in UNREPORTED]
    assert all(column.equals(missing[0]) for column in missing)
    assert 200 < pc.sum(missing[0]).as_py() < 500


def test_the_total_is_the_sum_of_its_parts(trips: pa.Table) -> None:
    parts = ("fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "improvement_surcharge")
    for row in trips.slice(0, 200).to_pylist():
        expected = sum(row[part] for part in (*parts, "congestion_surcharge", "airport_fee"))
        assert row["total_amount"] == pytest.approx(expected, abs=0.006)


def test_only_cards_tip(trips: pa.Table) -> None:
    cash = trips.filter(pc.equal(trips["payment_type"], 2))
    assert cash.num_rows > 500
    assert pc.max(cash["tip_amount"]).as_py() == 0
    assert pc.max(trips["tip_amount"]).as_py() > 5


def test_vendors_and_amounts_are_plausible(trips: pa.Table) -> None:
    assert set(trips["VendorID"].to_pylist()) == {1, 2, None}
    assert 2 < pc.mean(trips["trip_distance"]).as_py() < 5
    assert 8 < pc.mean(trips["fare_amount"]).as_py() < 20
