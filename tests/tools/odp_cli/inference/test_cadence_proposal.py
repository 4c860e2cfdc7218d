"""A cadence follows from the observed intervals between changes; nothing observed gives the default and says so."""

from datetime import UTC, datetime, timedelta

import pytest
from odp_cli.inference.arrivals import arrivals
from odp_cli.inference.cadence_proposal import CadenceProposal, propose_cadence
from odp_cli.inference.landed_objects import LandedObject
from odp_cli.inference.landed_tables import LandedTable

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def change(at: datetime, *, listed: datetime | None = None, size: int = 100) -> LandedObject:
    return LandedObject(f"s/t/{at:%Y%m%d-%H%M%S}123.parquet", size, listed or at)


def proposed(*changes: LandedObject) -> CadenceProposal:
    load = LandedObject("s/t/LOAD00000001.parquet", 5_000, START)
    return propose_cadence(LandedTable("s", "t", loads=(load,), changes=changes))


@pytest.mark.parametrize(
    ("interval", "cadence"),
    [
        (MINUTE, "10_min_refresh"),
        (30 * MINUTE, "10_min_refresh"),
        (31 * MINUTE, "1_hour_refresh"),
        (2 * HOUR, "1_hour_refresh"),
        (12 * HOUR, "1_hour_refresh"),
        (13 * HOUR, "1_day_refresh"),
        (7 * DAY, "1_day_refresh"),
    ],
)
def test_cadence_follows_the_interval_between_changes(interval: timedelta, cadence: str) -> None:
    assert proposed(*(change(START + interval * number) for number in range(5))).refresh_cadence == cadence


def test_evidence_tells_median_number_and_longest_interval() -> None:
    found = proposed(*(change(START + MINUTE * minute) for minute in (0, 5, 10, 15, 255)))
    assert found.evidence == (
        "changes arrived every 5 minutes (median of 4 intervals, the longest 4 hours), by file names"
    )


def test_night_without_changes_does_not_slow_the_cadence() -> None:
    days = [START + DAY * day + 5 * MINUTE * number for day in range(3) for number in range(100)]
    assert proposed(*map(change, days)).refresh_cadence == "10_min_refresh"


def test_files_within_a_minute_are_one_arrival() -> None:
    bursts = [START + HOUR * hour + timedelta(seconds=second) for hour in range(4) for second in range(30)]
    assert proposed(*map(change, bursts)).refresh_cadence == "1_hour_refresh"


def test_table_without_change_files_gets_the_default_and_says_so() -> None:
    found = proposed()
    assert (found.refresh_cadence, found.evidence) == ("1_hour_refresh", "the default: no change file has landed")
    assert (found.refresh_bytes, found.load_bytes) == (0, 5_000)


def test_single_arrival_gives_the_default_and_says_so() -> None:
    found = proposed(change(START), change(START + timedelta(seconds=20)))
    assert found.refresh_cadence == "1_hour_refresh"
    assert found.evidence == "the default: all changes arrived within a minute, by file names"


def test_copied_bucket_is_read_by_the_times_in_the_names() -> None:
    copied = START + 30 * DAY
    found = proposed(*(change(START + DAY * day, listed=copied) for day in range(5)))
    assert found.refresh_cadence == "1_day_refresh"
    assert found.evidence.endswith("by file names")


def test_names_that_tell_less_than_the_listing_are_not_believed() -> None:
    found = proposed(
        *(change(START + timedelta(seconds=number), listed=START + 5 * MINUTE * number) for number in range(5))
    )
    assert found.evidence == (
        "changes arrived every 5 minutes (median of 4 intervals, the longest 5 minutes), "
        "by the listing's last-modified times"
    )


@pytest.mark.parametrize("name", ["99999999-999999123.parquet", "20260105-256199123.parquet"])
def test_name_that_is_no_time_falls_back_to_the_listing(name: str) -> None:
    found = arrivals([LandedObject(f"s/t/{name}", 1, START), LandedObject(f"s/t/{name}", 1, START + HOUR)])
    assert (found.intervals(), found.clock) == ([HOUR], "the listing's last-modified times")


def test_longer_time_in_a_name_is_read_by_its_first_digits() -> None:
    found = arrivals([LandedObject("s/t/20141029-1134010000.parquet", 1, START)])
    assert found.times == (datetime(2014, 10, 29, 11, 34, 1, tzinfo=UTC),)


def test_bytes_of_a_refresh_are_the_most_that_arrived_between_two() -> None:
    quiet = [change(START + 10 * MINUTE * number, size=10) for number in range(6)]
    busy = [change(START + 21 * MINUTE, size=500), change(START + 25 * MINUTE, size=700)]
    assert proposed(*quiet, *busy).refresh_bytes == 10 + 500 + 700
