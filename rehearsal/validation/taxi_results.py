"""What the purpose-built tables must hold, computed by duckdb from the very files that were delivered.

The questions are put in words of their own here, not in those of the rules that Spark runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from rehearsal.source.taxi_files import Delivery
from rehearsal.validation.comparison import Difference

TOLERANCE = 0.011
"""Sums of fractions depend on their order, and a cent on how a half is rounded."""
_EXAMPLES = 20
_REQUIRED = {
    "tpep_pickup_datetime": "TIMESTAMP",
    "tpep_dropoff_datetime": "TIMESTAMP",
    "PULocationID": "INTEGER",
    "DOLocationID": "INTEGER",
    "trip_distance": "DOUBLE",
    "fare_amount": "DECIMAL(10, 2)",
    "total_amount": "DECIMAL(10, 2)",
}
_OPTIONAL = {
    "passenger_count": "DOUBLE",
    "RatecodeID": "DOUBLE",
    "payment_type": "DOUBLE",
    "tip_amount": "DECIMAL(10, 2)",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A purpose-built table: the columns that make a row of it unique, and the query that answers it independently."""

    table: str
    keys: tuple[str, ...]
    sql: str


QUESTIONS = (
    Question(
        "yellow_daily_demand",
        ("trip_date", "pickup_zone_id"),
        """SELECT day AS trip_date, PULocationID AS pickup_zone_id, count(*) AS trips,
                  sum(passenger_count) AS passengers, sum(trip_distance) AS miles
           FROM trips GROUP BY ALL""",
    ),
    Question(
        "yellow_hourly_demand",
        ("trip_date", "pickup_hour", "pickup_zone_id"),
        """SELECT day AS trip_date, hour AS pickup_hour, PULocationID AS pickup_zone_id, count(*) AS trips
           FROM trips GROUP BY ALL""",
    ),
    Question(
        "yellow_fares",
        ("trip_date", "rate_code_id"),
        """SELECT day AS trip_date, RatecodeID AS rate_code_id, count(*) AS trips,
                  count(*) FILTER (fare_amount > 0) AS paid_trips, sum(fare_amount) AS fares,
                  sum(total_amount) AS totals, avg(fare_amount) FILTER (fare_amount > 0) AS average_fare,
                  median(fare_amount) FILTER (fare_amount > 0) AS median_fare
           FROM trips GROUP BY ALL""",
    ),
    Question(
        "yellow_tips",
        ("trip_date", "pickup_hour"),
        """SELECT day AS trip_date, hour AS pickup_hour, count(*) AS card_trips,
                  count(*) FILTER (tip_amount > 0) AS tipped_trips, sum(tip_amount) AS tips, sum(fare_amount) AS fares,
                  sum(tip_amount) / sum(fare_amount) * 100 AS tip_percent
           FROM trips WHERE payment_type = 1 AND fare_amount > 0 GROUP BY ALL""",
    ),
    Question(
        "yellow_speeds",
        ("trip_date", "pickup_hour"),
        """SELECT day AS trip_date, hour AS pickup_hour, count(*) AS trips, sum(trip_distance) AS miles,
                  sum(seconds) / 3600 AS hours, sum(trip_distance) / (sum(seconds) / 3600) AS miles_per_hour
           FROM (SELECT *, epoch(tpep_dropoff_datetime) - epoch(tpep_pickup_datetime) AS seconds FROM trips)
           WHERE seconds BETWEEN 60 AND 10800 AND trip_distance > 0 AND trip_distance / (seconds / 3600) <= 80
           GROUP BY ALL""",
    ),
    Question(
        "yellow_payment_mix",
        ("trip_date", "payment_type"),
        """SELECT day AS trip_date, payment_type, count(*) AS trips, sum(total_amount) AS totals,
                  100.0 * count(*) / any_value(of_day) AS percent_of_trips
           FROM (SELECT *, count(*) OVER (PARTITION BY day) AS of_day FROM trips) GROUP BY ALL""",
    ),
)


@dataclass(frozen=True, slots=True)
class ResultComparison:
    """What was compared of one purpose-built table."""

    table: str
    rows: int
    expected_rows: int
    differences: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the table holds what the files say, each row once, and holds anything."""
        return not self.differences and self.rows == self.expected_rows > 0


class ExpectedResults:
    """The trips of delivered files, to be asked."""

    def __init__(self, deliveries: Iterable[Delivery]) -> None:
        self._connection = duckdb.connect()
        with TemporaryDirectory() as folder:
            relations = [_relation(delivery, Path(folder) / f"{number}") for number, delivery in enumerate(deliveries)]
            types = {**_REQUIRED, **_OPTIONAL}
            columns = ", ".join(f"TRY_CAST({name} AS {type_}) AS {name}" for name, type_ in types.items())
            complete = " AND ".join(f"{name} IS NOT NULL" for name in _REQUIRED)
            union = " UNION ALL ".join(f"SELECT {columns} FROM {relation}" for relation in relations)  # noqa: S608
            self._connection.execute(
                f"""CREATE TABLE trips AS
                    SELECT *, tpep_pickup_datetime::DATE AS day, hour(tpep_pickup_datetime) AS hour
                    FROM ({union}) WHERE {complete}"""  # noqa: S608 - made of constants
            )

    @property
    def trips(self) -> int:
        """How many trips the files hold."""
        return int(self._connection.execute("SELECT count(*) FROM trips").fetchall()[0][0])

    def compare(self, question: Question, found: pa.Table) -> ResultComparison:
        """Compare a purpose-built table with what the files say."""
        expected = _by_key(self._connection.execute(question.sql).to_arrow_table(), question.keys)
        held = _by_key(found, question.keys)
        differences = tuple(_differences(question, expected, held))
        return ResultComparison(question.table, found.num_rows, len(expected), differences[:_EXAMPLES])


def _relation(delivery: Delivery, path: Path) -> str:
    path.write_bytes(delivery.content)
    if delivery.key.endswith(".parquet"):
        return f"read_parquet('{path}')"
    return f"read_csv('{path}', header = true, all_varchar = true, null_padding = true)"


def _by_key(table: pa.Table, keys: Sequence[str]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {tuple(_plain(row[key]) for key in keys): row for row in table.to_pylist()}


def _differences(
    question: Question,
    expected: Mapping[tuple[Any, ...], Mapping[str, Any]],
    held: Mapping[tuple[Any, ...], Mapping[str, Any]],
) -> Iterable[Difference]:
    for key in sorted(expected.keys() | held.keys(), key=str):
        wanted, found = expected.get(key), held.get(key)
        if wanted is None or found is None:
            yield Difference(question.table, str(key), "*", _presence(wanted), _presence(found))
            continue
        for name in wanted.keys() - set(question.keys):
            if not _is_close(wanted[name], found.get(name)):
                yield Difference(question.table, str(key), name, str(wanted[name]), str(found.get(name)))


def _presence(row: object) -> str:
    return "row missing" if row is None else "row there"


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a key holds
    """A whole number is the same key, whether it is written 1 or 1.0."""
    return int(value) if isinstance(value, float | Decimal) else value


def _is_close(wanted: Any, found: Any) -> bool:  # noqa: ANN401 - whatever a column holds
    if wanted is None or found is None:
        return wanted is None and found is None
    return abs(float(wanted) - float(found)) <= TOLERANCE
