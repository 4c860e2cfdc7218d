"""How long a small table takes from a file that landed to a row that anyone can read, when everything is warm."""

import io
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.change_phase.workload import CHANGES, KEY, LOAD, SEQUENCE, STAGING, SourceTable
from benchmarks.deployed_lake.lake import MeasuredLake, StuckError

VALUE = "TIP_AMOUNT"
_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Landing:
    """The seconds after S3's answer to the PUT at which the lake had come so far."""

    registered: float
    committed: float
    readable: float


@dataclass(frozen=True, slots=True)
class WarmTable:
    """A loaded table, of which one row is updated again and again."""

    lake: MeasuredLake
    table: SourceTable
    buckets: Path

    def land(self, number: int) -> Landing:
        """Land a file with one update, start an execution when it is registered, and wait for a reader to see it."""
        before = self._metadata()
        self.lake.put(self.table.key(change_file(number)), self._content(number))
        landed = time.perf_counter()
        self.lake.wait_until_registered(1)
        registered = time.perf_counter() - landed
        execution = self.lake.start()
        deadline = landed + _PATIENCE_SECONDS
        while self._metadata() == before:
            if time.perf_counter() > deadline:
                raise StuckError(f"{self.table.name} has no new commit after {_PATIENCE_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)
        committed = time.perf_counter() - landed
        if self._seen() != _value(number):
            raise StuckError(f"the reader sees {self._seen()} instead of {_value(number)}")
        readable = time.perf_counter() - landed
        self.lake.wait_until_ended(execution)
        return Landing(registered, committed, readable)

    def write_expected(self, landings: int, folder: Path) -> None:
        """Write what the table must be: the load, with the last update."""
        folder.mkdir(parents=True)
        row = f"{KEY} = 1"
        query = f"""
            SELECT * REPLACE (
                CASE WHEN {row} THEN {_value(landings)} ELSE {VALUE} END AS {VALUE},
                CASE WHEN {row} THEN '{_sequence(landings)}' ELSE {SEQUENCE} END AS {SEQUENCE})
            FROM read_parquet('{self._file(LOAD)}')"""  # noqa: S608 - constants
        duckdb.sql(query).write_parquet(str(folder / "rows.parquet"))

    def _content(self, number: int) -> bytes:
        schema = pq.read_schema(self._file(CHANGES))
        row = duckdb.sql(f"SELECT * FROM read_parquet('{self._file(LOAD)}') WHERE {KEY} = 1").to_arrow_table()  # noqa: S608
        (values,) = row.to_pylist()
        change = values | {"Op": "U", VALUE: _value(number), SEQUENCE: _sequence(number)}
        written = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([change], schema), written)
        return written.getvalue()

    def _file(self, name: str) -> Path:
        return self.buckets / STAGING / self.table.key(name)

    def _metadata(self) -> str:
        return str(self.lake.catalog_table(self.table)["Parameters"]["metadata_location"])

    def _seen(self) -> float:
        rows = self.lake.read(self.table).select([KEY, VALUE]).to_pylist()
        return next(float(row[VALUE]) for row in rows if row[KEY] == 1)


def change_file(number: int) -> str:
    """The name of a change file that comes after all files of the workload."""
    return f"20210202-{number:09d}.parquet"


def _value(number: int) -> float:
    return 1000.0 + number


def _sequence(number: int) -> str:
    return f"20210202{number:027d}"
