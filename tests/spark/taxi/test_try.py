from tests.spark.taxi.lake import Lake
from tests.spark.taxi.trips import csv, trip


def test_a(lake: Lake) -> None:
    a = lake.put("a.csv", csv(trip(1), trip(2, fare_amount="abc"), *[trip(3)] * 30))
    o = lake.conform(a)
    print(o, lake.quarantine.kept)
    print(lake.rows("pickup_at", "fare_amount", "source_file"))
    print(lake.build())
    for r in ("daily_demand", "hourly_demand", "fares", "tips", "speeds", "payment_mix"):
        print(lake.result(r, "*"))
