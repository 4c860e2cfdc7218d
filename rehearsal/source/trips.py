"""TLC yellow-taxi trips in one canonical schema, whichever of the published layouts a file has."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

TRIPS = pa.schema(
    [
        ("VendorID", pa.int64()),
        ("tpep_pickup_datetime", pa.timestamp("us")),
        ("tpep_dropoff_datetime", pa.timestamp("us")),
        ("passenger_count", pa.int64()),
        ("trip_distance", pa.float64()),
        ("RatecodeID", pa.int64()),
        ("store_and_fwd_flag", pa.string()),
        ("PULocationID", pa.int64()),
        ("DOLocationID", pa.int64()),
        ("payment_type", pa.int64()),
        ("fare_amount", pa.float64()),
        ("extra", pa.float64()),
        ("mta_tax", pa.float64()),
        ("tip_amount", pa.float64()),
        ("tolls_amount", pa.float64()),
        ("improvement_surcharge", pa.float64()),
        ("total_amount", pa.float64()),
        ("congestion_surcharge", pa.float64()),
        ("airport_fee", pa.float64()),
        ("cbd_congestion_fee", pa.float64()),
    ]
)
"""The union of the layouts since 2017; a column that a layout does not have is NULL."""

ADDED_LATER = frozenset({"congestion_surcharge", "airport_fee", "cbd_congestion_fee"})
"""Columns that came with the surcharges of 2019, 2021 and 2025: a file may lack them."""

PARQUET_MAGIC = b"PAR1"
SHOWN = 8

USE_A_TLC_FILE = "Use a yellow-taxi file of the TLC Trip Record Data (CSV up to 2021 or Parquet since)"
FETCH_AGAIN = "The file looks incomplete or damaged: fetch it again"


class TripsFileError(ValueError):
    """A trips file cannot be used; the message says what is wrong, where, and how to mend it."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(" ".join(f"{path}: {problem.rstrip('. ')}. {remedy}.".split()))


def load_trips(path: Path) -> pa.Table:
    """Read every trip of a TLC file into the canonical schema, or refuse the whole file."""
    raw = _read_parquet(path) if _is_parquet(path) else _read_csv(path)
    if raw.num_rows == 0:
        raise TripsFileError(path, "holds no trips", USE_A_TLC_FILE)
    positions = _match_columns(path, raw.column_names)
    return pa.table([_canonical(path, raw, field, positions) for field in TRIPS], schema=TRIPS)


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            magic = file.read(len(PARQUET_MAGIC))
    except FileNotFoundError:
        raise TripsFileError(path, "no such file", "Give the path of an existing CSV or Parquet file") from None
    except OSError as error:
        raise TripsFileError(path, f"cannot be read ({error.strerror})", "Give a readable file") from error
    if not magic:
        raise TripsFileError(path, "is empty", FETCH_AGAIN)
    return magic == PARQUET_MAGIC or path.suffix.lower() == ".parquet"


def _read_parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        size = path.stat().st_size
        raise TripsFileError(path, f"is not a whole Parquet file of {size:,} bytes ({error})", FETCH_AGAIN) from error


def _read_csv(path: Path) -> pa.Table:
    header = _header(path)
    _match_columns(path, header)
    broken: list[pa.csv.InvalidRow] = []

    def stop_at(row: pa.csv.InvalidRow) -> str:
        broken.append(row)
        return "error"

    try:
        return pa.csv.read_csv(
            path,
            # one thread: only then does the parser know the number of a broken row
            read_options=pa.csv.ReadOptions(use_threads=False),
            parse_options=pa.csv.ParseOptions(invalid_row_handler=stop_at),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except (pa.ArrowException, OSError) as error:
        if not broken:
            raise TripsFileError(path, f"is not readable as CSV ({error})", FETCH_AGAIN) from error
        row = broken[0]
        where = f"line {_line(path, row.number - 2)}"  # the parser counts from one, header included
        problem = f"{where}: {row.actual_columns} columns instead of {row.expected_columns}: {row.text[:80]!r}"
        raise TripsFileError(path, problem, FETCH_AGAIN) from None


def _header(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            return [name.strip('"') for name in file.readline().decode("utf-8-sig").rstrip("\r\n").split(",")]
    except UnicodeDecodeError:
        raise TripsFileError(path, "is neither CSV text nor Parquet", USE_A_TLC_FILE) from None


def _match_columns(path: Path, names: list[str]) -> dict[str, int]:
    """Find each canonical column in the file; TLC changed the case of names between months."""
    positions = {name.strip().lower(): position for position, name in enumerate(names)}
    known = {name.lower() for name in TRIPS.names}
    findings = {
        "lacks": [name for name in TRIPS.names if name.lower() not in positions and name not in ADDED_LATER],
        "has unknown": [name for name in names if name.strip().lower() not in known],
        "repeats": [name for place, name in enumerate(names) if positions[name.strip().lower()] != place],
    }
    if any(findings.values()):
        said = " and ".join(f"{what} {_listed(which)}" for what, which in findings.items() if which)
        raise TripsFileError(path, f"is not a yellow-taxi file: it {said}", USE_A_TLC_FILE)
    return positions


def _listed(names: list[str]) -> str:
    shown = ", ".join(name[:40] or "''" for name in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _canonical(path: Path, raw: pa.Table, field: pa.Field, positions: dict[str, int]) -> pa.Array:
    position = positions.get(field.name.lower())
    if position is None:
        return pa.nulls(raw.num_rows, field.type)
    column = raw.column(position).combine_chunks()
    try:
        return _cast(column, field.type)
    except pa.ArrowException:
        row = _first_refused(column, field.type)
        # only the CSV reader hands over nothing but text: there, a row is a line
        is_text = all(type_ == pa.string() for type_ in raw.schema.types)
        where = f"line {_line(path, row)}" if is_text else f"row {row + 1}"
        problem = f"{where}, column {field.name}: {column[row].as_py()!r} is not {_described(field.type)}"
        raise TripsFileError(path, problem, "Mend or remove that row, or fetch the file again") from None


def _cast(column: pa.Array, type_: pa.DataType) -> pa.Array:
    """Convert without loss; months with NULLs were published with counts as 1.0."""
    if pa.types.is_string(column.type) and pa.types.is_integer(type_):
        column = pc.cast(column, pa.float64())
    return pc.cast(column, type_)


def _first_refused(column: pa.Array, type_: pa.DataType) -> int:
    """Bisect to the first value that cannot be converted, as the cast itself does not tell."""
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            _cast(column.slice(low, middle - low), type_)
            low = middle
        except pa.ArrowException:
            high = middle
    return low


def _line(path: Path, row: int) -> int:
    """The line that an editor shows for a row: the parser skips the header and blank lines."""
    with path.open(encoding="utf-8", errors="replace") as file:
        filled = [number for number, line in enumerate(file, start=1) if line.strip()]
    return filled[row + 1]


def _described(type_: pa.DataType) -> str:
    if pa.types.is_timestamp(type_):
        return "a time such as 2021-01-31 12:30:00"
    return "a whole number" if pa.types.is_integer(type_) else "a number"
