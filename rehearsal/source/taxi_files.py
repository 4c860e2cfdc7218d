"""Trips as TLC publishes them, in files with all that goes wrong with files: broken rows, repeats, corrections."""

import io
import itertools
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from rehearsal.source.trips import ADDED_LATER

FOLDER = "nyc-taxi/yellow/2021-01"
_CSV_LACKS = ADDED_LATER - {"congestion_surcharge"}
"""The layout of the CSV files, which ended in 2021."""
_WRONG_FACTOR = 10
_ROWS_TO_A_BROKEN_ONE = 50
_BROKEN = (
    "2,not a time,2021-01-05 10:20:00,1,2.5,1,N,132,141,1,9.5,0.5,0.5,2.0,0,0.3,12.8,2.5",
    "2,2021-01-05 10:10:00,2021-01-05 10:20:00,1,two miles,1,N,132,141,1,9.5,0.5,0.5,2.0,0,0.3,12.8,2.5",
    "2,2021-01-05 10:10:00,2021-01-05 10:20:00,1",
)
"""A time that is none, a distance that is none, a line that ends too soon."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file with its key, and its peculiarity."""

    key: str
    content: bytes
    note: str = ""
    broken_lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Files that arrive together, and those that come later."""

    first: tuple[Delivery, ...]
    later: tuple[Delivery, ...]

    @property
    def final(self) -> tuple[Delivery, ...]:
        """What lies under each key in the end."""
        return tuple({delivery.key: delivery for delivery in (*self.first, *self.later)}.values())


def taxi_deliveries(trips: pa.Table) -> Deliveries:
    """Distribute the trips by time over three CSV files and a Parquet file; one of them is corrected later.

    The first is sent twice, the second has lines that are no trips, the third has fares ten times too high until its
    correction comes under the same name.
    """
    parts = _quarters(trips.sort_by("tpep_pickup_datetime"))
    sent_twice = Delivery(_key(1, "csv"), _csv(parts[0]), "sent twice")
    with_broken_rows, lines = _with_broken_rows(_csv(parts[1]), min(len(_BROKEN), parts[1].num_rows))
    broken = Delivery(_key(2, "csv"), with_broken_rows, f"{len(lines)} rows are no trips", lines)
    wrong = Delivery(_key(3, "csv"), _csv(_with_wrong_fares(parts[2])), "fares are wrong")
    parquet = Delivery(_key(4, "parquet"), _parquet(parts[3]), "the layout since 2021")
    corrected = Delivery(_key(3, "csv"), _csv(parts[2]), "the correction")
    return Deliveries((sent_twice, broken, wrong, parquet, sent_twice), (corrected,))


def _key(number: int, ending: str) -> str:
    """With a blank and a plus, which events do not encode."""
    return f"{FOLDER}/yellow_tripdata part {number}+4.{ending}"


def _quarters(trips: pa.Table) -> list[pa.Table]:
    bounds = [number * trips.num_rows // 4 for number in range(5)]
    return [trips.slice(start, end - start) for start, end in itertools.pairwise(bounds)]


def _csv(trips: pa.Table) -> bytes:
    kept = trips.drop(sorted(_CSV_LACKS))
    columns = [_written(column) for column in kept.columns]
    buffer = io.BytesIO()
    options = pyarrow.csv.WriteOptions(quoting_style="none")
    pyarrow.csv.write_csv(pa.table(columns, names=kept.column_names), buffer, options)
    return buffer.getvalue()


def _written(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """TLC writes times to the second."""
    if not pa.types.is_timestamp(column.type):
        return column
    seconds = pc.strftime(column, "%Y-%m-%d %H:%M:%S")
    return pc.utf8_slice_codeunits(seconds, 0, len("2021-01-01 00:00:00"))


def _parquet(trips: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(trips, buffer)
    return buffer.getvalue()


def _with_wrong_fares(trips: pa.Table) -> pa.Table:
    position = trips.schema.get_field_index("fare_amount")
    return trips.set_column(position, "fare_amount", pc.multiply(trips.column("fare_amount"), _WRONG_FACTOR))


def _with_broken_rows(content: bytes, most: int) -> tuple[bytes, tuple[int, ...]]:
    """Put broken rows among the others, few enough to be no reason to refuse the file; give their line numbers."""
    lines = content.decode().splitlines()
    count = min(most, (len(lines) - 1) // _ROWS_TO_A_BROKEN_ONE)
    numbers: list[int] = []
    for broken, position in zip(
        _BROKEN[:count], range(_ROWS_TO_A_BROKEN_ONE, len(lines), _ROWS_TO_A_BROKEN_ONE), strict=False
    ):
        lines.insert(position, broken)
        numbers.append(position + 1)
    return ("\n".join(lines) + "\n").encode(), tuple(numbers)
