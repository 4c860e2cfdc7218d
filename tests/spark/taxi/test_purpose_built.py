"""Job 2 recomputes what changed and nothing else, and makes good whatever a run before it left undone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from taxi.datasets.dataset import load_datasets
from taxi.errors import BuildFailedError
from taxi.purpose_built.building import Rebuild
from taxi.purpose_built.rule import Rule, load_rules, rule_of, rules_of
from taxi.tables import Provenance

from lake.tables.iceberg.catalog import load
from lake.tables.iceberg.commits import expire_old_snapshots
from tests.spark.taxi.lake import Lake
from tests.spark.taxi.trips import TRIP_OF, csv, trip

TRIPS = Rule("trips", "SELECT CAST(pickup_at AS DATE) AS trip_date, COUNT(*) AS trips FROM trips GROUP BY 1")
FARES = Rule("fares", "SELECT CAST(pickup_at AS DATE) AS trip_date, SUM(fare_amount) AS fares FROM trips GROUP BY 1")


def day(number: int) -> date:
    return date(2021, 1, number)


def days(*numbers: int) -> Rebuild:
    return Rebuild(frozenset(map(day, numbers)))


EVERYTHING, NOTHING = Rebuild(None), days()


def counts(lake: Lake) -> dict[int, int]:
    return {at.day: trips for at, trips in lake.result("trips", "trip_date", "trips")}


def test_before_any_trip_there_is_nothing_to_build(lake: Lake) -> None:
    assert lake.build([TRIPS]) == {}


def test_only_the_days_that_changed_are_recomputed_and_the_others_keep_their_data_files(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1), trip(2), trip(3)], "b.csv": [trip(2)]})
    assert lake.build([TRIPS, FARES]) == {"trips": EVERYTHING, "fares": EVERYTHING}
    before = lake.data_files(lake.result_name("trips"))
    lake.publish({"b.csv": [trip(3), trip(4)]})
    assert lake.build([TRIPS, FARES]) == {"trips": days(2, 3, 4), "fares": days(2, 3, 4)}
    after = lake.data_files(lake.result_name("trips"))
    assert counts(lake) == {1: 1, 2: 1, 3: 2, 4: 1}
    assert {partition for partition in before if before[partition] == after.get(partition)} == {"2021-01-01"}
    assert lake.build([TRIPS, FARES]) == {"trips": NOTHING, "fares": NOTHING}
    assert lake.data_files(lake.result_name("trips")) == after


def test_a_day_that_lost_all_its_trips_loses_its_rows(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1), trip(2)], "b.csv": [trip(3)]})
    lake.build([TRIPS])
    lake.publish({"a.csv": [trip(2)], "b.csv": []})
    assert lake.build([TRIPS]) == {"trips": days(1, 2, 3)}
    assert counts(lake) == {2: 1}
    lake.publish({"a.csv": []})
    lake.build([TRIPS])
    assert counts(lake) == {}


def test_a_run_that_never_came_is_made_good_by_the_next(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1)]})
    lake.build([TRIPS])
    lake.publish({"b.csv": [trip(2)]})  # the run after this one died before it began
    lake.publish({"c.csv": [trip(5)]})
    assert lake.build([TRIPS]) == {"trips": days(2, 5)}
    assert counts(lake) == {1: 1, 2: 1, 5: 1}


def test_a_table_that_failed_is_named_the_others_are_built_and_it_is_made_good_by_the_next(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1)]})
    lake.build([TRIPS, FARES])
    lake.publish({"b.csv": [trip(2)]})
    broken = Rule("fares", "SELECT no_such_column AS trip_date FROM trips")
    with pytest.raises(BuildFailedError, match=r"^1 of 2 tables failed \(fares\): fares: .*no_such_column"):
        lake.build([TRIPS, broken])
    assert counts(lake) == {1: 1, 2: 1}
    assert lake.build([TRIPS, FARES]) == {"trips": NOTHING, "fares": days(2)}
    assert lake.result("fares", "fares") == [(Decimal("8.00"),)] * 2


def test_a_changed_rule_recomputes_everything_and_may_change_the_columns(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1), trip(2)]})
    lake.build([TRIPS, FARES])
    changed = Rule("trips", TRIPS.sql.replace("COUNT(*) AS trips", "2 * COUNT(*) AS trips, 'new' AS note"))
    assert lake.build([changed, FARES]) == {"trips": EVERYTHING, "fares": NOTHING}
    assert lake.result("trips", "trip_date", "trips", "note") == [(day(1), 2, "new"), (day(2), 2, "new")]
    assert lake.purpose_built("trips").provenance() == Provenance(lake.table.snapshot() or "", changed.version)


def test_a_state_that_is_not_known_any_more_means_all_days(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1)]})
    lake.build([TRIPS])
    lake.publish({"b.csv": [trip(2)]})
    conformed = load(lake.spark, lake.name.sql)
    conformed.updateProperties().set("history.expire.max-snapshot-age-ms", "0").commit()
    expire_old_snapshots(conformed)
    assert lake.build([TRIPS]) == {"trips": EVERYTHING}
    assert counts(lake) == {1: 1, 2: 1}


def test_a_compaction_changes_no_day(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1)]})
    lake.publish({"b.csv": [trip(1)]})
    lake.build([TRIPS])
    table = f"conformed.{lake.dataset.table}"
    lake.spark.sql(
        f"CALL glue_catalog.system.rewrite_data_files(table => '{table}', options => map('rewrite-all', 'true'))"
    )
    assert lake.build([TRIPS]) == {"trips": NOTHING}


def test_many_days_that_lie_apart_are_replaced_exactly(lake: Lake) -> None:
    every_other = [date.fromordinal(day(1).toordinal() + 2 * number) for number in range(60)]
    rows = [trip(but={"tpep_pickup_datetime": f"{each} 10:00:00"}) for each in every_other]
    lake.publish({"a.csv": rows})
    lake.build([TRIPS])
    lake.publish({"b.csv": rows})
    assert lake.build([TRIPS]) == {"trips": Rebuild(frozenset(every_other))}
    assert {trips for _, trips in lake.result("trips", "trip_date", "trips")} == {2}


def test_tables_lie_in_their_own_bucket_partitioned_by_day(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1)]})
    lake.build([TRIPS])
    table = load(lake.spark, lake.result_name("trips").sql)
    assert table.location() == f"s3://purpose-built/purpose_built/{lake.dataset.table}_trips"
    assert str(table.spec().fields().get(0)).split(":", 1)[1].strip().startswith("trip_date: identity(")


@pytest.mark.parametrize("dataset", load_datasets())
def test_every_rule_fits_the_datasets_that_it_names(dataset: str, make_lake: Callable[[str], Lake]) -> None:
    lake = make_lake(dataset)
    make = TRIP_OF[dataset]
    outcome = lake.conform(file := lake.put("a.csv", csv(make(1), make(2))))[file.file_id]
    assert (outcome.error, outcome.rows_loaded) == ("", 2)
    assert set(lake.build()) == {rule.name for rule in rules_of(dataset, load_rules())}
    assert lake.result("hourly_demand", "trip_date", "pickup_hour", "trips") == [(day(1), 10, 1), (day(2), 10, 1)]


def test_a_dataset_without_the_columns_of_any_rule_builds_nothing_and_fails_nothing(lake: Lake) -> None:
    """Code review, C11: all rules were applied to every dataset, so that one without distances failed for ever."""
    few = {name: column for name, column in lake.dataset.columns.items() if name != "trip_distance"}
    lake.dataset = replace(
        lake.dataset,
        name="fhv",
        columns=few,
        layouts=tuple(
            replace(each, columns={own: name for own, name in each.columns.items() if name in few})
            for each in lake.dataset.layouts
        ),
    )
    without_distance = {name: value for name, value in trip(1).items() if name != "trip_distance"}
    file = lake.put("a.csv", csv(without_distance))
    assert lake.conform(file)[file.file_id].error == ""
    assert lake.build() == {}
    own = rule_of("demand.sql", "-- datasets: fhv\n" + next(r.sql for r in load_rules() if r.name == "hourly_demand"))
    assert lake.build([own]) == {"demand": EVERYTHING}
