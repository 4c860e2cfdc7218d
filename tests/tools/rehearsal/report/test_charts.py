"""Charts of counts show each count, its name and its unit."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rehearsal.report.charts import ZONES_SHOWN, demand_by_hour_and_zone, fares_by_day, rows_by_operation, trips_by_day
from rehearsal.report.model import TaxiReport
from rehearsal.report.runs import TableRefresh
from tests.tools.rehearsal.report.svg import colours, parsed, tips, words

NOON = datetime(2021, 1, 5, 12, tzinfo=UTC)
TABLES = ["table_1", "table_2", "table_10"]


def refresh(name: str, inserted: int, updated: int = 0, deleted: int = 0) -> TableRefresh:
    return TableRefresh(name, 0, NOON, NOON, inserted, updated, deleted, files=1)


@pytest.fixture
def refreshes() -> list[TableRefresh]:
    return [refresh("table_10", 10, 1_060, 30), refresh("table_2", 50), refresh("table_1", 0, 25, 0)]


def test_rows_are_shown_by_table_and_operation_and_what_is_none_is_not_drawn(refreshes: list[TableRefresh]) -> None:
    assert sorted(tips(rows_by_operation(refreshes, "changes"))) == [
        "table_10: 1,060 updated",
        "table_10: 10 inserted",
        "table_10: 30 deleted",
        "table_1: 25 updated",
        "table_2: 50 inserted",
    ]


def test_rows_say_tables_in_natural_order_totals_unit_and_operations(refreshes: list[TableRefresh]) -> None:
    said = words(rows_by_operation(refreshes, "changes"))
    assert [word for word in said if word in TABLES] == TABLES
    assert {"1,100", "50", "25", "rows", "inserted", "updated", "deleted"} <= set(said)


def test_each_operation_has_the_colour_of_its_legend(refreshes: list[TableRefresh]) -> None:
    found = colours(rows_by_operation(refreshes, "changes"))
    assert found["table_10: 1,060 updated"] == found["table_1: 25 updated"] == "var(--updated)"
    assert found["table_10: 10 inserted"] == "var(--inserted)"
    assert found["table_10: 30 deleted"] == "var(--deleted)"


def test_a_run_that_changed_nothing_names_its_tables_and_no_rows() -> None:
    assert tips(rows_by_operation([], "changes")) == []
    chart = rows_by_operation([refresh("table_1", 0)], "changes")
    assert (tips(chart), "table_1" in words(chart)) == ([], True)


def test_demand_has_a_cell_for_each_hour_with_trips_the_busiest_zone_on_top(taxi: TaxiReport) -> None:
    chart = demand_by_hour_and_zone(taxi)
    assert set(tips(chart)) == {
        "zone 132, hour 9: 40 trips",
        "zone 132, hour 10: 60 trips",
        "zone 141, hour 9: 99 trips",
    }
    said = words(chart)
    assert [word for word in said if word.startswith("zone")] == ["zone 132", "zone 141"]
    assert {"hour of the day", "40", "60", "99", *map(str, range(24))} <= set(said)


def test_demand_of_one_zone_and_hour_on_several_days_adds_up(taxi: TaxiReport) -> None:
    chart = demand_by_hour_and_zone(replace(taxi, demand=(("132", 9, 40), ("132", 9, 2))))
    assert tips(chart) == ["zone 132, hour 9: 42 trips"]


def test_the_busiest_cell_is_the_strongest(taxi: TaxiReport) -> None:
    paths = parsed(demand_by_hour_and_zone(taxi)).iter("path")
    strength = {path.findtext("title"): float(path.get("fill-opacity", "1")) for path in paths if len(path)}
    assert sorted(strength, key=lambda tip: strength[tip]) == [
        "zone 132, hour 9: 40 trips",
        "zone 132, hour 10: 60 trips",
        "zone 141, hour 9: 99 trips",
    ]


def test_demand_shows_only_the_busiest_zones(taxi: TaxiReport) -> None:
    many = tuple((str(zone), 8, zone + 1) for zone in range(ZONES_SHOWN + 3))
    assert set(tips(demand_by_hour_and_zone(replace(taxi, demand=many)))) == {
        f"zone {zone}, hour 8: {zone + 1} trips" for zone in range(3, ZONES_SHOWN + 3)
    }


def test_days_show_trips_and_average_fares_with_their_units(taxi: TaxiReport) -> None:
    trips, fares = trips_by_day(taxi), fares_by_day(taxi)
    assert tips(trips) == ["2021-01-05: 150 trips", "2021-01-06: 49 trips"]
    assert tips(fares) == ["2021-01-05: 12.50 dollars", "2021-01-06: 9.75 dollars"]
    for chart, unit in ((trips, "trips"), (fares, "dollars")):
        assert {"01-05", "01-06", unit, "day"} <= set(words(chart))


def test_a_taxi_flow_without_trips_can_be_drawn(taxi: TaxiReport) -> None:
    empty = replace(taxi, demand=(), days=())
    assert [tips(draw(empty)) for draw in (demand_by_hour_and_zone, trips_by_day, fares_by_day)] == [[], [], []]


def test_a_chart_says_as_a_whole_what_it_shows(refreshes: list[TableRefresh]) -> None:
    svg = parsed(rows_by_operation(refreshes, "changes: rows <by> operation"))
    assert svg.get("aria-label") == "changes: rows <by> operation"
    assert svg.get("role") == "graphics-document document"
    assert all(mark.get("aria-label") == mark.findtext("title") for mark in svg.iter("path") if len(mark))
