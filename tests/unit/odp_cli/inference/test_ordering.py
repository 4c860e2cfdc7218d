"""The precombine field orders changes: a change sequence first, else what never decreases, else nothing is claimed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from odp_cli.inference.findings import Finding

from tests.unit.odp_cli.inference.landing import Landing, sequence

LOAD = {"id": [1, 2, 3], "name": ["a", "b", "c"]}
SEQUENCE = "AR_H_CHANGE_SEQ"
START = datetime(2026, 1, 5, 12, tzinfo=UTC)


def ordering(landing: Landing) -> Finding:
    return landing.profile().ordering


def updates(*rows: int, **columns: Any) -> dict[str, Any]:
    return {"Op": ["U"] * len(rows), "id": list(rows), "name": ["x"] * len(rows), **columns}


def moments(*seconds: int) -> list[datetime]:
    return [START + timedelta(seconds=second) for second in seconds]


@pytest.mark.parametrize("empty", ["", None])
def test_change_sequence_is_proposed_and_its_emptiness_in_the_full_load_is_normal(
    landing: Landing, empty: str | None
) -> None:
    landing.load({**LOAD, SEQUENCE: pa.array([empty] * 3, pa.string())})
    landing.changes(updates(1, 2, **{SEQUENCE: sequence(1, 2)}), minute=1)
    landing.changes(updates(1, **{SEQUENCE: sequence(3)}), minute=2)
    found = ordering(landing)
    assert found.columns == (SEQUENCE,)
    assert found.reason == (
        "values of 35 digits, as AR_H_CHANGE_SEQ has them; never decreases over 3 sampled changes in file order; "
        "empty, NULL or absent in the full load, which is normal: its rows are older than any change"
    )


def test_thirty_five_digits_are_a_change_sequence_whatever_the_name(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(1, 2, marker=sequence(1, 2), commit_ts=moments(1, 2)))
    assert [candidate.columns for candidate in ordering(landing).candidates] == [("marker",), ("commit_ts",)]


@pytest.mark.parametrize("name", ["my_change_seq", "CDC_TIMESTAMP_SEQ", "commit_ts", "COMMIT_TIMESTAMP"])
def test_name_of_a_sequence_or_commit_time_makes_a_candidate(landing: Landing, name: str) -> None:
    landing.load(LOAD)
    landing.changes(updates(1, 2, **{name: ["2026-01-05 12:00:00", "2026-01-05 12:00:01"]}))
    found = ordering(landing)
    assert found.columns == (name,)
    assert found.reason.startswith("named like a c")


def test_sequence_is_preferred_to_commit_time_and_both_to_what_merely_never_decreases(landing: Landing) -> None:
    rows = range(20)
    landing.load(LOAD)
    landing.changes(
        updates(
            *rows, updated_at=moments(*rows), commit_ts=moments(*rows), change_seq=[str(1000 + row) for row in rows]
        )
    )
    assert [each.columns[0] for each in ordering(landing).candidates] == ["change_seq", "commit_ts", "updated_at"]


@pytest.mark.parametrize(
    "values",
    [
        moments(*range(20)),
        pa.array(range(20), pa.timestamp("us")),
        list(range(100, 120)),
        [f"2026-01-05 12:00:{second:02d}.000000" for second in range(20)],
        [str(10**12 + number) for number in range(20)],
    ],
    ids=["timestamp", "timestamp without zone", "whole number", "timestamp text", "digits"],
)
def test_column_that_never_decreases_across_files_is_a_candidate(landing: Landing, values: list[Any]) -> None:
    landing.load(LOAD)
    landing.changes(updates(*[1] * 10, moved=values[:10]), minute=1)
    landing.changes(updates(*[2] * 10, moved=values[10:]), minute=2)
    assert ordering(landing).columns == ("moved",)


def test_file_order_is_that_of_names_and_a_decrease_between_files_is_seen(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(*[1] * 10, moved=moments(*range(10, 20))), minute=1)
    landing.changes(updates(*[1] * 10, moved=moments(*range(10))), minute=2)
    assert ordering(landing).candidates == ()


@pytest.mark.parametrize(
    "values",
    [
        moments(*range(19), 3),
        [1] * 20,
        [row // 5 for row in range(20)],
        [*range(19), None],
        [float(row) for row in range(20)],
        [f"name {row:02d}" for row in range(20)],
    ],
    ids=["decreasing", "constant", "few values", "null", "float", "text in order"],
)
def test_column_that_proves_no_order_is_no_candidate(landing: Landing, values: list[Any]) -> None:
    landing.load(LOAD)
    landing.changes(updates(*[1] * 20, moved=values))
    found = ordering(landing)
    assert (found.columns, found.candidates) == ((), ())
    assert "no column orders 20 sampled changes: nothing proves one; add AR_H_CHANGE_SEQ" in found.reason


def test_key_itself_orders_nothing_though_it_never_decreases(landing: Landing) -> None:
    landing.load({"id": range(5)})
    landing.changes({"Op": ["I"] * 20, "id": range(10, 30)})
    assert ordering(landing).candidates == ()


def test_sequence_that_decreases_is_shown_but_not_proposed(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(1, 2, 3, **{SEQUENCE: sequence(3, 2, 1)}))
    found = ordering(landing)
    assert found.columns == ()
    assert found.candidates[0].objections == (f"{SEQUENCE} decreases 2 times over 3 changes in file order",)


def test_sequence_that_is_empty_in_a_change_is_shown_but_not_proposed(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(1, 2, **{SEQUENCE: ["", *sequence(1)]}))
    (objection,) = ordering(landing).candidates[0].objections
    assert objection == f"{SEQUENCE} is empty in 1 of 2 sampled changes, which would lose to any"


def test_sequence_that_a_change_file_lacks_is_shown_but_not_proposed(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(1), minute=1)
    landing.changes(updates(1, **{SEQUENCE: sequence(1)}), minute=2)
    found = ordering(landing)
    assert (found.columns, found.candidates[0].objections) == (
        (),
        (f"{SEQUENCE} is absent from 1 of 2 change files",),
    )


def test_next_best_candidate_is_proposed_first_when_the_best_is_refuted(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(1, 2, **{SEQUENCE: sequence(2, 1)}, commit_ts=moments(1, 2)))
    assert [candidate.columns[0] for candidate in ordering(landing).candidates] == ["commit_ts", SEQUENCE]


def test_changes_of_one_row_that_share_the_value_are_counted_as_ties(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(1, 1, 2, commit_ts=moments(5, 5, 5)))
    (candidate,) = ordering(landing).candidates
    assert "1 change with key and value of another one, so that either may win" in candidate.warnings


def test_few_changes_are_said_to_be_few(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(1, **{SEQUENCE: sequence(1)}))
    assert ordering(landing).candidates[0].warnings == ("only 1 change seen",)


def test_full_loads_alone_give_the_column_that_looks_like_a_change_sequence(landing: Landing) -> None:
    landing.load({**LOAD, "CDC_TIMESTAMP_SEQ": [""] * 3, "updated_at": moments(1, 2, 3)})
    found = ordering(landing)
    assert found.columns == ("CDC_TIMESTAMP_SEQ",)
    (candidate,) = found.candidates
    assert "which is normal" in candidate.evidence
    assert candidate.warnings == ("no change file has landed, so nothing shows yet that it orders changes",)


def test_full_loads_alone_without_such_a_column_prove_nothing_and_say_so(landing: Landing) -> None:
    landing.load({**LOAD, "updated_at": moments(1, 2, 3)})
    found = ordering(landing)
    assert (found.columns, found.candidates) == ((), ())
    assert found.reason.startswith("only full loads have landed and no column looks like a change sequence: nothing")


def test_value_in_the_full_load_is_told(landing: Landing) -> None:
    landing.load({**LOAD, "commit_ts": moments(1, 1, 1)})
    landing.changes(updates(1, commit_ts=moments(2)))
    assert "has a value in 3 of 3 sampled full-load rows" in ordering(landing).reason


def test_changes_without_a_full_load_are_enough(landing: Landing) -> None:
    landing.changes(updates(1, 2, **{SEQUENCE: sequence(1, 2)}))
    found = ordering(landing)
    assert found.columns == (SEQUENCE,)
    assert found.reason.endswith("no full load was read")
