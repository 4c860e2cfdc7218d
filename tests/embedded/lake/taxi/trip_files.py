"""Small files of trips under realistic keys, with their expected rows in the conformed table."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import pyarrow.csv
import pyarrow.parquet as pq

YELLOW, GREEN = "nyc-taxi/yellow", "nyc-taxi/green"
ODD_NAMES = (
    "a blank {0}.csv",
    " blanks around /trips {0} .csv",
    "plus+{0}.csv",
    "100% {0}.csv",
    "50%25 {0}.csv",
    "%2B {0}.csv",
    "a%2Fb%20{0}.csv",
    "composed \u00fc {0}.csv",
    "decomposed u\u0308 {0}.csv",
    "日本/Ж/🚕 {0}.csv",
    "{0}/as/deep/as/folders/of/people/who/keep/everything/for/ever/may/become/trips.csv",
    "it's {0}.csv",
    '"quoted" {0}.csv',
    "[{0}] {{a,b}} *?.csv",
    "#{0}?day=1&zone=2.csv",
    "day=2021-02-01/zone={0}/trips.csv",
    "10:30 {0}.csv",
    "back\\slash {0}.csv",
    "comma, semicolon; {0}.csv",
    "LOUD {0}.CSV",
)
Trip = tuple[int, str]
"""The day of January 2021 and the fare; a fare that is no number makes a malformed row."""
Row = tuple[str, int, Decimal]


@dataclass(frozen=True, slots=True)
class TripFile:
    """A file of trips of the dataset below whose prefix its key lies, written as its name ends."""

    key: str
    trips: tuple[Trip, ...]

    @property
    def content(self) -> bytes:
        """The file, as TLC would write it."""
        values = [_yellow(*trip) if self.key.startswith(YELLOW) else _green(*trip) for trip in self.trips]
        text = io.StringIO()
        writer = csv.DictWriter(text, list(values[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(values)
        written = text.getvalue().encode()
        return _as_parquet(written) if self.key.endswith(".parquet") else written

    @property
    def rows(self) -> Counter[Row]:
        """What the conformed table must hold of it: its sound rows."""
        return Counter((self.key, day, Decimal(fare)) for day, fare in self.trips if _is_number(fare))


def small_files(count: int) -> list[TripFile]:
    """Files of one to three trips, each under a key that is odd in one way or another."""
    keys = (f"{YELLOW}/{ODD_NAMES[number % len(ODD_NAMES)].format(number)}" for number in range(count))
    return [
        TripFile(key, tuple((1 + (number + trip) % 28, f"{5 + number}.{trip}0") for trip in range(1 + number % 3)))
        for number, key in enumerate(keys)
    ]


def rows_of(files: Iterable[TripFile]) -> Counter[Row]:
    """What the conformed table must hold of several files."""
    return sum((file.rows for file in files), Counter())


def _yellow(day: int, fare: str) -> dict[str, str]:
    return {
        "VendorID": "2",
        "tpep_pickup_datetime": f"2021-01-{day:02} 10:00:00",
        "tpep_dropoff_datetime": f"2021-01-{day:02} 10:12:00",
        "passenger_count": "1",
        "trip_distance": "2.1",
        "RatecodeID": "1",
        "store_and_fwd_flag": "N",
        "PULocationID": "142",
        "DOLocationID": "43",
        "payment_type": "1",
        "fare_amount": fare,
        "extra": "3",
        "mta_tax": "0.5",
        "tip_amount": "1.25",
        "tolls_amount": "0",
        "improvement_surcharge": "0.3",
        "total_amount": "13.05",
    }


def _green(day: int, fare: str) -> dict[str, str]:
    names = {"tpep_pickup_datetime": "lpep_pickup_datetime", "tpep_dropoff_datetime": "lpep_dropoff_datetime"}
    common = {names.get(name, name): value for name, value in _yellow(day, fare).items()}
    return common | {"ehail_fee": "", "trip_type": "1"}


def _as_parquet(written: bytes) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pyarrow.csv.read_csv(io.BytesIO(written)), buffer)
    return buffer.getvalue()


def _is_number(fare: str) -> bool:
    try:
        Decimal(fare)
    except InvalidOperation:
        return False
    return True
