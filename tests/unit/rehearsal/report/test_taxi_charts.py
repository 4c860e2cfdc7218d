from dataclasses import replace

from rehearsal.report.model import TaxiReport
from rehearsal.report.taxi_charts import ZONES_SHOWN, demand_by_hour_and_zone, fares_by_day, trips_by_day


def test_demand_has_a_cell_for_each_hour_with_trips_the_busiest_zone_on_top(taxi: TaxiReport) -> None:
    drawn = demand_by_hour_and_zone(taxi)
    assert [label.text for label in drawn.rows] == ["zone 132", "zone 141"]
    assert {(cell.row, cell.column, cell.value) for cell in drawn.cells} == {
        ("zone 132", "9", 40),
        ("zone 132", "10", 60),
        ("zone 141", "9", 99),
    }


def test_demand_of_one_zone_and_hour_on_several_days_adds_up(taxi: TaxiReport) -> None:
    (cell,) = demand_by_hour_and_zone(replace(taxi, demand=(("132", 9, 40), ("132", 9, 2)))).cells
    assert cell.value == 42


def test_demand_shows_only_the_busiest_zones(taxi: TaxiReport) -> None:
    many = tuple((str(zone), 8, zone + 1) for zone in range(ZONES_SHOWN + 3))
    drawn = demand_by_hour_and_zone(replace(taxi, demand=many))
    assert len(drawn.rows) == len(drawn.cells) == ZONES_SHOWN
    assert min(cell.value for cell in drawn.cells) == 4


def test_days_show_trips_and_average_fares(taxi: TaxiReport) -> None:
    assert [(column.name, column.value) for column in trips_by_day(taxi).columns] == [("01-05", 150), ("01-06", 49)]
    assert [(column.name, column.value) for column in fares_by_day(taxi).columns] == [("01-05", 12.5), ("01-06", 9.75)]
