"""A file is loaded unless too many of its rows are malformed."""

from dataclasses import replace

import pytest
from taxi.conformed.counts import FileCount, Quarantined, is_accepted, outcome_of, outcome_of_refused
from taxi.conformed.selection import SourceFile
from taxi.datasets.dataset import load_datasets
from taxi.records import FileOutcome, LoadStatus, MalformedRow

YELLOW = load_datasets()["yellow"]
SOURCE = SourceFile("f1", "raw", "nyc-taxi/yellow/a.csv", version="e1", landed_version="e1")
KEPT = Quarantined("s3://conformed/quarantine/yellow/f1/", MalformedRow(SOURCE.key, 7, "x", "fare_amount: 'x' is not"))


def count(rows: int, malformed: int) -> FileCount:
    return FileCount(rows, malformed, has_header=True, offsets={0: 1})


@pytest.mark.parametrize(
    ("rows", "malformed", "accepted"),
    [(100, 5, True), (100, 6, False), (0, 0, True), (10, 0, True), (1, 1, False)],
)
def test_a_file_is_accepted_up_to_the_limit_of_its_dataset(rows: int, malformed: int, accepted: bool) -> None:
    assert is_accepted(count(rows, malformed), YELLOW) is accepted


def test_a_limit_of_nothing_accepts_no_malformed_row() -> None:
    strict = replace(YELLOW, malformed_share_limit=0.0)
    assert not is_accepted(count(1_000_000, 1), strict)


def test_what_was_read_loaded_and_quarantined_is_told() -> None:
    assert outcome_of(SOURCE, count(100, 3), YELLOW, KEPT) == FileOutcome(
        "f1", LoadStatus.LOADED, rows_read=100, rows_loaded=97, rows_quarantined=3, quarantine=KEPT.uri
    )


def test_a_file_beyond_the_limit_loads_nothing_and_says_how_many_where_and_why() -> None:
    outcome = outcome_of(SOURCE, count(1_000, 60), YELLOW, KEPT)
    assert (outcome.status, outcome.rows_loaded, outcome.rows_quarantined) == (LoadStatus.FAILED, 0, 60)
    assert outcome.error == (
        "60 of 1,000 rows are malformed, but at most 5.0% may be; the first is line 7: fare_amount: 'x' is not; "
        "mend them and send the file again"
    )


def test_a_refused_file_fails_with_its_reason() -> None:
    assert outcome_of_refused(SOURCE, "empty") == FileOutcome("f1", LoadStatus.FAILED, error="empty")


def test_an_entry_whose_content_was_replaced_is_superseded_however_the_new_content_fares() -> None:
    newer = replace(SOURCE, version="e2")
    assert outcome_of_refused(newer, "empty") == FileOutcome("f1", LoadStatus.SUPERSEDED)
    beyond = outcome_of(newer, count(10, 9), YELLOW, KEPT)
    assert (beyond.status, beyond.rows_quarantined, beyond.error) == (LoadStatus.SUPERSEDED, 9, "")
