"""Which columns a query reads of the trips is told from its text, without any engine."""

import pytest
from taxi.purpose_built.rule import load_rules, read_columns


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT fare_amount FROM trips", {"fare_amount"}),
        ("SELECT CAST(pickup_at AS DATE) AS trip_date, COUNT(*) AS n FROM trips GROUP BY 1", {"pickup_at"}),
        ("select Fare_Amount from trips", {"fare_amount"}),
        ("SELECT `fare_amount`, `Total` FROM trips", {"fare_amount", "total"}),
        ("-- tips of trips\nSELECT 'a fare', 1.5e3, 60D /* and\nmore */ FROM trips", set()),
        ("WITH day AS (SELECT fare AS price FROM trips) SELECT price, cost FROM day", {"fare", "cost"}),
        ("SELECT t.fare FROM trips t WHERE t.fare > 0", {"fare"}),
        ("SELECT t.fare FROM trips AS t", {"fare"}),
        ("SELECT sum(fare) total FROM trips HAVING total > 1", {"fare"}),
        ("SELECT sum(n) OVER (PARTITION BY day ORDER BY hour DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM trips",
         {"n", "day", "hour"}),
        ("SELECT EXTRACT(HOUR FROM pickup_at), pickup_at + INTERVAL 1 DAY FROM trips", {"pickup_at"}),
        ("SELECT CASE WHEN fare IS NOT NULL THEN tip ELSE 0 END share, DATE '2021-01-01' FROM trips", {"fare", "tip"}),
        ("SELECT fare::double, fare - INTERVAL '1' DAY, INTERVAL '1:2' HOUR TO MINUTE FROM trips", {"fare"}),
        ('SELECT "a text" FROM trips', set()),
        ("SELECT filter(zones, x -> x > 3) FROM trips", {"zones"}),
        ("SELECT CAST(fare AS DECIMAL(10, 2)) FROM trips TABLESAMPLE (5 PERCENT)", {"fare"}),
    ],
)  # fmt: skip
def test_names_that_nothing_in_the_query_defines_are_columns(sql: str, columns: set[str]) -> None:
    assert read_columns(sql, "trips") == columns


def test_columns_of_every_rule_of_the_package_are_found() -> None:
    found = {rule.name: read_columns(rule.sql, "trips") for rule in load_rules()}
    assert found == {
        "daily_demand": {"pickup_at", "pickup_zone_id", "passenger_count", "trip_distance"},
        "fares": {"pickup_at", "rate_code_id", "fare_amount", "total_amount"},
        "hourly_demand": {"pickup_at", "pickup_zone_id"},
        "payment_mix": {"pickup_at", "payment_type", "total_amount"},
        "speeds": {"pickup_at", "dropoff_at", "trip_distance"},
        "tips": {"pickup_at", "tip_amount", "fare_amount", "payment_type"},
    }
