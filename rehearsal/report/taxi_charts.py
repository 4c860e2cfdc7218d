"""The purpose-built taxi tables as pictures: when and where people ride, and what they pay."""

from collections import Counter

from rehearsal.report.columns import Columns, columns
from rehearsal.report.heatmap import HeatMap, heat_map
from rehearsal.report.model import TaxiReport

ZONES_SHOWN = 12
HOURS = [str(hour) for hour in range(24)]


def demand_by_hour_and_zone(taxi: TaxiReport) -> HeatMap:
    """Trips by hour in the busiest zones, the busiest on top."""
    by_zone: Counter[str] = Counter()
    cells: dict[tuple[str, str], float] = {}
    for zone, hour, trips in taxi.demand:
        name = f"zone {zone}"
        by_zone[name] += trips
        cells[name, str(hour)] = cells.get((name, str(hour)), 0) + trips
    busiest = [name for name, _ in by_zone.most_common(ZONES_SHOWN)]
    shown = {place: trips for place, trips in cells.items() if place[0] in set(busiest)}
    return heat_map(shown, busiest, HOURS)


def trips_by_day(taxi: TaxiReport) -> Columns:
    """Trips of each day."""
    return columns([(day[5:], trips) for day, trips, _ in taxi.days])


def fares_by_day(taxi: TaxiReport) -> Columns:
    """The average fare of each day."""
    return columns([(day[5:], fare) for day, _, fare in taxi.days])
