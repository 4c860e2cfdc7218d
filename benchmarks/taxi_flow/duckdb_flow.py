"""The taxi flow as a person with duckdb would write it: typed Parquet by trip date, then six aggregations of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from rehearsal.validation.taxi_results import QUESTIONS, Question

_MONEY, _COUNT = "DECIMAL(10, 2)", "INTEGER"
_REQUIRED = {
    "tpep_pickup_datetime": "TIMESTAMP",
    "tpep_dropoff_datetime": "TIMESTAMP",
    "trip_distance": "DOUBLE",
    "PULocationID": _COUNT,
    "DOLocationID": _COUNT,
    "fare_amount": _MONEY,
    "total_amount": _MONEY,
}
_OF_ALL_FILES = {
    **_REQUIRED,
    **dict.fromkeys(("VendorID", "passenger_count", "RatecodeID", "payment_type"), _COUNT),
    "store_and_fwd_flag": "VARCHAR",
    **dict.fromkeys(("extra", "mta_tax", "tip_amount", "tolls_amount"), _MONEY),
    **dict.fromkeys(("improvement_surcharge", "congestion_surcharge"), _MONEY),
}
_OF_PARQUET = _OF_ALL_FILES | dict.fromkeys(("airport_fee", "cbd_congestion_fee"), _MONEY)


class DuckDbFlow:
    """One run of the flow, with the cores that Spark has too."""

    name = "duckdb"

    def __init__(self, folder: Path, *, threads: int) -> None:
        self._connection = duckdb.connect(config={"threads": threads})
        self._conformed, self._results = folder / "conformed", folder / "purpose-built"
        self._results.mkdir(parents=True)

    def conform(self, files: Sequence[Path]) -> None:
        """Write the sound rows of the files, typed, as one Parquet file a day; broken lines are put aside."""
        csv = _listed(path for path in files if path.suffix == ".csv")
        parquet = _listed(path for path in files if path.suffix == ".parquet")
        typed = ", ".join(f"{name}::{type_} AS {name}" for name, type_ in _OF_PARQUET.items())
        complete = " AND ".join(f"{name} IS NOT NULL" for name in _REQUIRED)
        self._connection.execute(
            f"""COPY (
                    SELECT *, tpep_pickup_datetime::DATE AS day FROM (
                        SELECT * FROM read_csv({csv}, header = true, delim = ',', types = {_OF_ALL_FILES},
                                               filename = true, store_rejects = true)
                        UNION ALL BY NAME
                        SELECT {typed}, filename FROM read_parquet({parquet}, filename = true))
                    WHERE {complete}
                ) TO '{self._conformed}' (FORMAT parquet, PARTITION_BY (day))"""  # noqa: S608 - made of constants
        )

    def build(self) -> None:
        """Write each purpose-built table."""
        self._connection.execute(
            f"""CREATE VIEW trips AS SELECT *, hour(tpep_pickup_datetime) AS hour
                FROM read_parquet('{self._conformed}/*/*.parquet', hive_partitioning = true)"""  # noqa: S608
        )
        for question in QUESTIONS:
            self._connection.execute(f"COPY ({question.sql}) TO '{self._result(question)}' (FORMAT parquet)")

    def result(self, question: Question) -> pa.Table:
        """Read a purpose-built table."""
        return pq.read_table(self._result(question))

    def rows(self) -> int:
        """Count the conformed trips."""
        return int(self._connection.execute("SELECT count(*) FROM trips").fetchall()[0][0])

    def quarantined(self) -> int:
        """Count the lines that were put aside."""
        found = self._connection.execute("SELECT count(DISTINCT (file_id, line)) FROM reject_errors").fetchall()
        return int(found[0][0])

    def _result(self, question: Question) -> Path:
        return self._results / f"{question.table}.parquet"


def _listed(paths: Iterable[Path]) -> str:
    return str([str(path) for path in paths])
