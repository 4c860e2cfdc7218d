"""Many small files with odd keys dropped together; some cannot be loaded: all of them end, none is lost."""

import json
import re
from collections import Counter

from deployment_account.names import Shared
from rehearsal.source.taxi_files import Delivery
from rehearsal.validation.taxi_results import QUESTIONS, ExpectedResults
from tests.embedded.lake.taxi.drop import (
    FAILED,
    GREEN_FILES,
    LOADED_YELLOW,
    NO_DATASET,
    OTHER_COLUMNS,
    SMALL,
    TOLERABLE,
    TOO_BROKEN,
)
from tests.embedded.lake.taxi.flow import Flow, Outcome
from tests.embedded.lake.taxi.inbox import Inbox
from tests.embedded.lake.taxi.trip_files import rows_of
from tests.embedded.waiting import eventually

MOST_BUNDLES = 4
"""Of both datasets together: the function takes 200 files at once, and what it takes next is a bundle more."""
SUBJECT = re.compile(r"(Completed|Failed): (yellow|green), (?:(\d+) of )?(\d+) files?")


def test_all_200_small_files_are_completed_whatever_their_keys(dropped: Outcome) -> None:
    found = {file.key: [_verdict(item) for item in dropped.of_key(file.key)] for file in SMALL}
    assert len(found) == 200
    assert found == {file.key: [("completed", len(file.trips), 0)] for file in SMALL}


def test_nothing_is_left_pending(dropped: Outcome) -> None:
    assert dropped.pending == frozenset()
    assert Counter(item["file_status"] for item in dropped.files) == {
        "completed": len(LOADED_YELLOW) + len(GREEN_FILES),
        "failed": len(FAILED),
        "rejected": 1,
    }


def test_conformed_tables_hold_every_sound_row_once_under_the_key_of_its_file(dropped: Outcome) -> None:
    assert dropped.rows("yellow") == rows_of(LOADED_YELLOW)
    assert dropped.rows("green") == rows_of(GREEN_FILES)


def test_conformed_rows_name_the_version_of_their_file(dropped: Outcome) -> None:
    trips = dropped.trips["yellow"].select(["source_file", "source_version"]).to_pylist()
    versions = {(file.key, dropped.of_key(file.key)[0]["etag"]) for file in LOADED_YELLOW}
    assert {(trip["source_file"], trip["source_version"]) for trip in trips} == versions


def test_purpose_built_tables_equal_what_duckdb_computes_from_the_files(dropped: Outcome) -> None:
    expected = ExpectedResults([Delivery(file.key, file.content) for file in LOADED_YELLOW])
    assert expected.trips == rows_of(LOADED_YELLOW).total()
    found = [expected.compare(question, dropped.purpose_built[question.table]) for question in QUESTIONS]
    assert [comparison for comparison in found if not comparison.is_equal] == []


def test_files_that_land_together_are_loaded_by_few_glue_runs(dropped: Outcome) -> None:
    assert len(dropped.conformed_runs) <= MOST_BUNDLES
    assert len(dropped.purpose_built_runs) == len(dropped.conformed_runs)
    assert {run["JobRunState"] for run in (*dropped.conformed_runs, *dropped.purpose_built_runs)} == {"SUCCEEDED"}


def test_file_with_missing_and_unknown_columns_fails_and_names_them(dropped: Outcome) -> None:
    (item,) = dropped.of_key(OTHER_COLUMNS)
    assert _verdict(item) == ("failed", 0, 0)
    assert "missing columns: fare_amount; unknown columns: fare_amounts (did you mean" in item["error"]


def test_file_with_more_malformed_rows_than_its_dataset_allows_fails_whole(dropped: Outcome) -> None:
    (item,) = dropped.of_key(TOO_BROKEN.key)
    assert _verdict(item) == ("failed", 0, 2)
    assert item["error"].startswith("2 of 20 rows are malformed, but at most 5.0% may be; the first is line 20: ")


def test_file_with_few_malformed_rows_is_completed_without_them(dropped: Outcome) -> None:
    (item,) = dropped.of_key(TOLERABLE.key)
    assert _verdict(item) == ("completed", 24, 1)
    assert "error" not in item


def test_quarantine_keeps_malformed_rows_with_line_text_and_reason(dropped: Outcome, flow: Flow) -> None:
    (tolerable,), (too_broken,) = dropped.of_key(TOLERABLE.key), dropped.of_key(TOO_BROKEN.key)
    conformed = flow.lake.published(Shared.CONFORMED_BUCKET)
    assert tolerable["quarantine"] == f"s3://{conformed}/quarantine/yellow/{tolerable['file_id']}/"
    rows = [
        json.loads(line)
        for item in (tolerable, too_broken)
        for line in flow.object_at(f"{item['quarantine']}00000.jsonl").splitlines()
    ]
    assert [(row["source_file"], row["line"]) for row in rows] == [
        (TOLERABLE.key, 26), (TOO_BROKEN.key, 20), (TOO_BROKEN.key, 21),
    ]  # fmt: skip
    lines = [file.content.decode().splitlines() for file in (TOLERABLE, TOO_BROKEN, TOO_BROKEN)]
    assert [row["text"] for row in rows] == [of[row["line"] - 1] for of, row in zip(lines, rows, strict=True)]
    assert [row["reason"].split(":")[0] for row in rows] == ["fare_amount"] * 3
    assert ["'x'" in rows[0]["reason"], "'seven'" in rows[1]["reason"]] == [True, True]


def test_key_of_no_dataset_is_rejected_where_people_see_it(dropped: Outcome) -> None:
    (item,) = dropped.of_key(NO_DATASET)
    assert (item["dataset"], item["file_status"]) == ("rejected", "rejected")
    assert "lies below the prefix of no dataset; those are " in item["error"]
    assert "nyc-taxi/yellow/" in item["error"]


def test_subscribers_are_told_of_every_bundle_and_of_each_file_that_failed(
    dropped: Outcome, notifications: Inbox
) -> None:
    names = [execution["name"] for execution in dropped.executions]

    def of_the_drop() -> list[dict[str, str]]:
        return [message for message in notifications.received() if any(name in message["Message"] for name in names)]

    messages = eventually(of_the_drop, lambda found: len(found) >= len(dropped.conformed_runs))
    told: Counter[tuple[str, str]] = Counter()
    for message in messages:
        subject = SUBJECT.fullmatch(message["Subject"])
        assert subject, message["Subject"]
        how, dataset, failed, files = subject.groups(default="0")
        assert (how == "Failed") == (failed != "0")
        told[dataset, "failed"] += int(failed)
        told[dataset, "files"] += int(files)
    assert told == {
        ("yellow", "files"): len(LOADED_YELLOW) + len(FAILED),
        ("yellow", "failed"): len(FAILED),
        ("green", "files"): len(GREEN_FILES),
        ("green", "failed"): 0,
    }
    text = "\n".join(message["Message"] for message in messages if message["Subject"].startswith("Failed"))
    assert all(f"failed: {key!r}: " in text for key in FAILED)


def test_execution_that_could_not_load_every_file_fails_and_the_others_succeed(dropped: Outcome) -> None:
    names = {item["execution"] for item in dropped.files if item["file_status"] == "failed"}
    assert {execution["name"] for execution in dropped.executions if execution["status"] == "FAILED"} == names
    assert {execution["status"] for execution in dropped.executions if execution["name"] not in names} == {"SUCCEEDED"}


def _verdict(item: dict[str, object]) -> tuple[object, object, object]:
    return item["file_status"], item["rows_loaded"], item["rows_quarantined"]
