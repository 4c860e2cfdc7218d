"""Trips as the files of each dataset have them; a test names what it is about."""

from collections.abc import Iterable, Mapping
from typing import Any

YELLOW = {
    "VendorID": "2",
    "tpep_pickup_datetime": "2021-01-01 10:00:00",
    "tpep_dropoff_datetime": "2021-01-01 10:12:00",
    "passenger_count": "1",
    "trip_distance": "2.10",
    "RatecodeID": "1",
    "store_and_fwd_flag": "N",
    "PULocationID": "142",
    "DOLocationID": "43",
    "payment_type": "1",
    "fare_amount": "8",
    "extra": "3",
    "mta_tax": "0.5",
    "tip_amount": "1.25",
    "tolls_amount": "0",
    "improvement_surcharge": "0.3",
    "total_amount": "13.05",
    "congestion_surcharge": "2.5",
}
GREEN = {
    **{name.replace("tpep", "lpep"): value for name, value in YELLOW.items()},
    "ehail_fee": "",
    "trip_type": "1",
}


def trip(day: int = 1, hour: int = 10, **values: str) -> dict[str, str]:
    """A yellow trip of a day of January 2021, but for the values given."""
    times = {
        "tpep_pickup_datetime": f"2021-01-{day:02} {hour:02}:00:00",
        "tpep_dropoff_datetime": f"2021-01-{day:02} {hour:02}:12:00",
    }
    return YELLOW | times | values


def csv(*trips: Mapping[str, str], end: str = "\n") -> str:
    """A CSV file of trips, which all have the same columns."""
    header = list(trips[0]) if trips else list(YELLOW)
    lines = [",".join(header), *(",".join(values.values()) for values in trips)]
    return "".join(f"{line}{end}" for line in lines)


def lines(*rows: str, header: Iterable[str] = YELLOW) -> str:
    """A CSV file of lines that are no trips, or not only."""
    return "".join(f"{line}\n" for line in (",".join(header), *rows))


def line(**values: Any) -> str:
    """The line of a yellow trip."""
    return ",".join(trip(**values).values())
