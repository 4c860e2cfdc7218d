"""Only DMS's change sequence is proposed as an order; without one, files and rows have an order already."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from odp_cli.inference.findings import Finding

from tests.tools.odp_cli.inference.landing import Landing, sequence

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
    assert [candidate.columns for candidate in ordering(landing).candidates] == [("marker",)]


@pytest.mark.parametrize("name", ["my_change_seq", "CDC_TIMESTAMP_SEQ", "CHANGE_SEQUENCE"])
def test_thirty_five_digits_without_a_time_are_a_change_sequence_if_the_name_says_so(
    landing: Landing, name: str
) -> None:
    landing.load({**LOAD, name: [""] * 3})
    landing.changes(updates(1, 2, **{name: ["1" * 35, "2" * 35]}))
    assert ordering(landing).columns == (name,)


ROWS = range(20)
BUSINESS = {
    "timestamp": moments(*ROWS),
    "timestamp without zone": pa.array(ROWS, pa.timestamp("us")),
    "date": pa.array(ROWS, pa.date32()),
    "whole number": list(range(100, 120)),
    "large number": [10**17 + row for row in ROWS],
    "decimal": [Decimal(10**30 + row) for row in ROWS],
    "timestamp text": [f"2026-01-05 12:00:{second:02d}.000000" for second in ROWS],
    "digits": [str(10**12 + row) for row in ROWS],
    "digits of a time": [f"20260105120000{row:06d}" for row in ROWS],
    "thirty-six digits": [f"2026010512000000{row:020d}" for row in ROWS],
    "thirty-five digits without a time": [f"{row:035d}" for row in ROWS],
}


@pytest.mark.parametrize("values", BUSINESS.values(), ids=BUSINESS.keys())
@pytest.mark.parametrize("name", ["moved", "updated_at", "commit_ts", "version", "SEQ"])
def test_column_of_the_business_is_no_order_however_well_it_is_ordered(
    landing: Landing, name: str, values: list[Any]
) -> None:
    landing.load(LOAD)
    landing.changes(updates(*[1] * 10, **{name: values[:10]}), minute=1)
    landing.changes(updates(*[2] * 10, **{name: values[10:]}), minute=2)
    found = ordering(landing)
    assert (found.columns, found.candidates) == ((), ())
    assert found.reason == (
        "no column holds DMS's change sequence: the names of files and the order of their rows decide which change is "
        "the last"
    )


def test_text_like_a_change_sequence_that_full_loads_have_is_of_the_business(landing: Landing) -> None:
    landing.load({**LOAD, "contract": sequence(1, 2, 3)})
    landing.changes(updates(1, 2, contract=sequence(4, 5)))
    assert ordering(landing).candidates == ()


@pytest.mark.parametrize(
    ("values", "objection"),
    [
        (["2026-01-05 12:00:00", "2026-01-05 12:00:01"], "change_seq holds other values than a change sequence of DMS"),
        (["1" * 19, "2" * 19], "change_seq holds other values than a change sequence of DMS"),
        (
            ["1" * 34, "2" * 34],
            "change_seq holds other values than a change sequence of DMS, which is a text of 35 digits",
        ),
        (["1" * 36, "2" * 36], "change_seq holds other values than a change sequence of DMS"),
        (["1" * 35, "2" * 20], "change_seq holds other values than a change sequence of DMS"),
        ([1, 2], "change_seq is of type whole number, while DMS's change sequence is text"),
        (moments(1, 2), "change_seq is of type timestamp, while DMS's change sequence is text"),
    ],
)
def test_column_that_only_has_the_name_of_a_change_sequence_is_shown_but_not_proposed(
    landing: Landing, values: list[Any], objection: str
) -> None:
    landing.load(LOAD)
    landing.changes(updates(1, 2, change_seq=values))
    found = ordering(landing)
    assert found.columns == ()
    assert found.candidates[0].objections[0].startswith(objection)


def test_file_order_is_that_of_names_and_a_decrease_between_files_is_seen(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(*[1] * 10, moved=sequence(*range(10, 20))), minute=1)
    landing.changes(updates(*[1] * 10, moved=sequence(*range(10))), minute=2)
    (candidate,) = ordering(landing).candidates
    assert candidate.objections == ("moved decreases 1 time over 20 changes in file order",)


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
    assert objection == f"{SEQUENCE} is empty in 1 of 2 sampled changes, so it does not say when they happened"


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
    landing.changes(updates(1, 2, **{SEQUENCE: sequence(2, 1)}, change_seq=["1" * 35, "2" * 35]))
    assert [candidate.columns[0] for candidate in ordering(landing).candidates] == ["change_seq", SEQUENCE]


def test_changes_of_one_row_that_share_the_value_are_counted_as_ties(landing: Landing) -> None:
    landing.load(LOAD)
    landing.changes(updates(1, 1, 2, **{SEQUENCE: sequence(5, 5, 5)}))
    (candidate,) = ordering(landing).candidates
    assert "1 change with key and value of another one, which the order of files decides" in candidate.warnings


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


def test_full_loads_alone_without_such_a_column_need_no_order(landing: Landing) -> None:
    landing.load({**LOAD, "updated_at": moments(1, 2, 3)})
    found = ordering(landing)
    assert (found.columns, found.candidates) == ((), ())
    assert found.reason.startswith("no column holds DMS's change sequence: the names of files")


def test_value_in_the_full_load_is_told(landing: Landing) -> None:
    landing.load({**LOAD, SEQUENCE: sequence(1, 1, 1)})
    landing.changes(updates(1, **{SEQUENCE: sequence(2)}))
    assert "has a value in 3 of 3 sampled full-load rows" in ordering(landing).reason


def test_changes_without_a_full_load_are_enough(landing: Landing) -> None:
    landing.changes(updates(1, 2, **{SEQUENCE: sequence(1, 2)}))
    found = ordering(landing)
    assert found.columns == (SEQUENCE,)
    assert found.reason.endswith("no full load was read")
