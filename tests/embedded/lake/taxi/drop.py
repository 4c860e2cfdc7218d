"""The files that are dropped together: 200 small sound ones, some broken ones, and files of a second dataset."""

from tests.embedded.lake.taxi.flow import Flow
from tests.embedded.lake.taxi.trip_files import GREEN, YELLOW, TripFile, small_files

SMALL = small_files(200)
SINCE_2021 = TripFile(f"{YELLOW}/since 2021 +.parquet", ((5, "9.50"), (5, "10.00")))
TOLERABLE = TripFile(f"{YELLOW}/a b+%20/ü[1]/one broken row.csv", (*[(6, "7.50")] * 24, (6, "x")))
TOO_BROKEN = TripFile(f"{YELLOW}/too many broken rows.csv", (*[(7, "7.50")] * 18, (7, "seven"), (7, "")))
OTHER_COLUMNS = f"{YELLOW}/other columns 100%+.csv"
NO_DATASET = "nyc-taxi/blue/of no dataset 100%+.csv"
GREEN_FILES = [TripFile(f"{GREEN}/a b+{number}.csv", ((number, "8.00"), (number, "9.00"))) for number in range(1, 4)]

LOADED_YELLOW = [*SMALL, SINCE_2021, TOLERABLE]
FAILED = {TOO_BROKEN.key, OTHER_COLUMNS}


def drop(flow: Flow) -> None:
    """Put all of them, one after the other, as fast as it goes."""
    flow.put(OTHER_COLUMNS, SMALL[0].content.replace(b"fare_amount", b"fare_amounts"))
    for file in (TOO_BROKEN, *LOADED_YELLOW, *GREEN_FILES):
        flow.put(file.key, file.content)
    flow.put(NO_DATASET, SMALL[0].content)
