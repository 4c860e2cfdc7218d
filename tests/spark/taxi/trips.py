"""Trips as the files of each dataset have them; a test names what it is about."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

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
    "VendorID": "2",
    "lpep_pickup_datetime": "2021-01-01 10:00:00",
    "lpep_dropoff_datetime": "2021-01-01 10:12:00",
    "store_and_fwd_flag": "N",
    "RatecodeID": "1",
    "PULocationID": "75",
    "DOLocationID": "43",
    "passenger_count": "1",
    "trip_distance": "2.10",
    "fare_amount": "8",
    "extra": "3",
    "mta_tax": "0.5",
    "tip_amount": "1.25",
    "tolls_amount": "0",
    "ehail_fee": "",
    "improvement_surcharge": "0.3",
    "total_amount": "13.05",
    "payment_type": "1",
    "trip_type": "1",
    "congestion_surcharge": "2.5",
}
WHOLE = {"VendorID", "passenger_count", "RatecodeID", "PULocationID", "DOLocationID", "payment_type", "trip_type"}


def trip(day: int = 1, hour: int = 10, but: Mapping[str, str] | None = None, **values: str) -> dict[str, str]:
    """A yellow trip of a day of January 2021, but for the values given."""
    return _on(YELLOW, "tpep", day, hour) | dict(but or {}) | values


def green_trip(day: int = 1, hour: int = 10, **values: str) -> dict[str, str]:
    """A green trip of a day of January 2021, but for the values given."""
    return _on(GREEN, "lpep", day, hour) | values


TRIP_OF: Mapping[str, Callable[[int], dict[str, str]]] = {"yellow": trip, "green": green_trip}
"""How a trip of each dataset is made."""


def _on(sample: Mapping[str, str], meter: str, day: int, hour: int) -> dict[str, str]:
    times = {
        f"{meter}_pickup_datetime": f"2021-01-{day:02} {hour:02}:00:00",
        f"{meter}_dropoff_datetime": f"2021-01-{day:02} {hour:02}:12:00",
    }
    return {**sample, **times}


def csv(*trips: Mapping[str, str], end: str = "\n") -> str:
    """A CSV file of trips, which all have the same columns."""
    header = list(trips[0]) if trips else list(YELLOW)
    lines = [",".join(header), *(",".join(values.values()) for values in trips)]
    return "".join(f"{line}{end}" for line in lines)


def parquet(*trips: Mapping[str, str], types: Mapping[str, pa.DataType] | None = None) -> pa.Table:
    """A Parquet file of trips as it has been published since 2022, but for the types given."""
    chosen = {name: _type(name) for name in trips[0]} | dict(types or {})
    columns = {name: pa.array([_value(trip[name], chosen[name]) for trip in trips], chosen[name]) for name in chosen}
    return pa.table(columns)


def _type(name: str) -> pa.DataType:
    if name.endswith("datetime"):
        return pa.timestamp("us")
    if name in WHOLE:
        return pa.int64()
    return pa.string() if name == "store_and_fwd_flag" else pa.float64()


def _value(text: str, type_: pa.DataType) -> Any:
    if text == "" or pa.types.is_null(type_):
        return None
    if pa.types.is_timestamp(type_):
        return datetime.fromisoformat(text)
    if pa.types.is_integer(type_):
        return int(text)
    return float(text) if pa.types.is_floating(type_) else text
