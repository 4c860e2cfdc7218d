"""A partition key has few values that divide a large table evenly; a small table stays whole."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from odp_cli.inference.findings import Candidate, Finding
from odp_cli.inference.settings import MEBIBYTE

from tests.tools.odp_cli.inference.landing import Columns, Landing

ROWS = 600
LARGE = 1000 * MEBIBYTE


def cycle(*values: Any, rows: int = ROWS) -> list[Any]:
    return [values[row % len(values)] for row in range(rows)]


def partition(landing: Landing, columns: Columns, load_bytes: int = LARGE) -> Finding:
    landing.load({"id": range(ROWS), **columns})
    return landing.profile(load_bytes=load_bytes).partition_key


def candidates(finding: Finding) -> dict[str, Candidate]:
    return {candidate.columns[0]: candidate for candidate in finding.candidates}


def test_column_with_few_even_values_is_proposed_for_a_large_table(landing: Landing) -> None:
    found = partition(landing, {"region": cycle("eu", "us", "ap")})
    assert found.columns == ("region",)
    assert found.reason == "3 distinct values and no NULL in 600 of 600 full-load rows; the largest holds 33%"


def test_small_table_is_left_unpartitioned_though_candidates_are_shown(landing: Landing) -> None:
    found = partition(landing, {"region": cycle("eu", "us")}, load_bytes=127 * MEBIBYTE)
    assert found.columns == ()
    assert found.reason == "unpartitioned: its full load of 127 MB is below 128 MB"
    assert candidates(found).keys() == {"region"}


def test_partitions_that_would_hold_little_are_objected_to_with_rows_and_bytes(landing: Landing) -> None:
    found = partition(landing, {"region": cycle(*range(60))})
    assert found.columns == ()
    assert "no column divides its full load of 1000 MB into partitions of a useful size" in found.reason
    (objection,) = candidates(found)["region"].objections
    assert objection.startswith("a partition would hold 17 MB on average and the smallest about 10 rows; below 64 MB")


def test_evener_column_wins(landing: Landing) -> None:
    found = partition(landing, {"status": cycle("a", "a", "a", "b"), "region": cycle("eu", "us", "ap")})
    assert [candidate.columns for candidate in found.candidates] == [("region",), ("status",)]


def test_value_that_holds_nearly_all_rows_is_objected_to(landing: Landing) -> None:
    found = partition(landing, {"region": ["eu"] * 590 + ["us"] * 10})
    assert found.columns == ()
    assert candidates(found)["region"].objections == ("one value holds 98% of the rows",)


def test_values_with_a_slash_are_objected_to(landing: Landing) -> None:
    found = partition(landing, {"region": cycle("eu/west", "us")})
    assert candidates(found)["region"].objections == ("values contain '/', which would nest folders",)


@pytest.mark.parametrize(
    "values",
    [cycle("a", "b"), cycle(1, 2), cycle(True, False), cycle(date(2026, 1, 5), date(2026, 1, 6))],
    ids=["text", "whole number", "boolean", "date"],
)
def test_texts_numbers_booleans_and_dates_can_partition(landing: Landing, values: list[Any]) -> None:
    assert partition(landing, {"p": values}).columns == ("p",)


@pytest.mark.parametrize(
    "values",
    [
        cycle(0.5, 1.5),
        pa.array(cycle(1, 2), pa.timestamp("us")),
        cycle(b"a", b"b"),
        cycle([1], [2]),
        ["a"] * ROWS,
        cycle("a", None, ""),
        [row % 201 for row in range(ROWS)],
    ],
    ids=["float", "timestamp", "binary", "nested", "one value", "one value and nothing", "201 values"],
)
def test_column_that_cannot_partition_is_no_candidate(landing: Landing, values: Any) -> None:
    assert partition(landing, {"p": values}, load_bytes=10**12).candidates == ()


def test_two_hundred_values_are_still_few(landing: Landing) -> None:
    assert partition(landing, {"p": [row % 200 for row in range(ROWS)]}, load_bytes=10**12).columns == ("p",)


@pytest.mark.parametrize("name", ["Op", "CDC_OPERATION", "AR_H_OPERATION"])
def test_metadata_column_is_no_candidate(landing: Landing, name: str) -> None:
    assert partition(landing, {name: cycle("I", "U")}).candidates == ()


def test_column_of_the_key_is_no_candidate(landing: Landing) -> None:
    landing.load({"store_id": [row // 300 for row in range(ROWS)], "sale_no": [row % 300 for row in range(ROWS)]})
    profile = landing.profile(load_bytes=LARGE)
    assert (profile.primary_key.columns, profile.partition_key.candidates) == (("store_id", "sale_no"), ())


@pytest.mark.parametrize("empty", [None, "", " "])
def test_column_with_rows_that_have_no_value_is_shown_but_not_proposed(landing: Landing, empty: str | None) -> None:
    found = partition(landing, {"region": cycle("eu", "us", empty)})
    assert found.columns == ()
    candidate = candidates(found)["region"]
    assert candidate.evidence.startswith("2 distinct values and 200 NULL or empty in 600 of 600 full-load rows")
    assert candidate.objections == ("region is empty in 200 rows, which would lie in a partition without a name",)


def test_null_in_a_written_change_speaks_against_a_column_and_one_in_a_delete_does_not(landing: Landing) -> None:
    landing.load({"id": range(ROWS), "region": cycle("eu", "us"), "zone": cycle(1, 2)})
    landing.changes(
        {"Op": ["U", "D"], "id": [1, 2], "region": ["eu", None], "zone": pa.array([None, None], pa.int64())}
    )
    found = candidates(landing.profile(load_bytes=LARGE).partition_key)
    assert (found["region"].objections, found["zone"].objections) == ((), ("zone is empty in 1 sampled change",))


def test_column_that_change_files_lack_is_not_proposed(landing: Landing) -> None:
    landing.load({"id": range(ROWS), "region": cycle("eu", "us")})
    landing.changes({"Op": ["U"], "id": [1]})
    found = landing.profile(load_bytes=LARGE).partition_key
    assert (found.columns, candidates(found)["region"].objections) == (
        (),
        ("region is absent from 1 of 1 change file",),
    )


def test_sample_is_said_to_be_one(landing: Landing) -> None:
    landing.load({"id": range(300_000), "region": pa.array(cycle("eu", "us", rows=300_000))}, row_group_size=10_000)
    (candidate,) = landing.profile(load_bytes=LARGE).partition_key.candidates
    assert "no NULL in 200,000 of 300,000 full-load rows" in candidate.evidence
    assert candidate.warnings == ("rows that were not sampled may hold more values",)


def test_table_without_full_load_is_left_unpartitioned(landing: Landing) -> None:
    landing.changes({"Op": ["I"] * ROWS, "id": range(ROWS), "region": cycle("eu", "us")})
    found = landing.profile().partition_key
    assert (found.columns, found.reason) == (
        (),
        "unpartitioned: no full load was read, so the size of partitions is unknown",
    )


def test_table_without_rows_is_left_unpartitioned(landing: Landing) -> None:
    landing.load({"id": pa.array([], pa.int64()), "region": pa.array([], pa.string())})
    assert landing.profile().partition_key.columns == ()
