"""Locations of tables, and SQL conditions for days."""

from datetime import date

from lake.tables.iceberg.catalog import TableName
from lake.tables.iceberg.options import days_condition


def test_a_table_lies_in_its_own_bucket_below_its_database() -> None:
    name = TableName("conformed-bucket", "dev_nyc_taxi", "yellow_trips")
    assert name.location == "s3://conformed-bucket/dev_nyc_taxi/yellow_trips"
    assert name.sql == "`glue_catalog`.`dev_nyc_taxi`.`yellow_trips`"


def test_days_are_asked_for_by_as_few_ranges_as_possible() -> None:
    days = frozenset({date(2021, 1, 31), date(2021, 1, 1), date(2021, 2, 1), date(2021, 1, 30)})
    assert days_condition("trip_date", days) == (
        "(trip_date >= DATE '2021-01-01' AND trip_date < DATE '2021-01-02') OR "
        "(trip_date >= DATE '2021-01-30' AND trip_date < DATE '2021-02-02')"
    )


def test_the_last_day_of_all_has_no_day_after_it() -> None:
    assert days_condition("at", frozenset({date.max})) == "(at >= DATE '9999-12-31')"
