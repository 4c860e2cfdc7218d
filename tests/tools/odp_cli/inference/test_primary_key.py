"""A proposed key is unique and never NULL, exists in the changes, and says on how many rows that rests."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odp_cli.inference.findings import Candidate, Finding
from odp_cli.inference.primary_key import MOST_CANDIDATES

from tests.tools.odp_cli.inference.landing import SETTINGS, Columns, Landing, sequence

ROWS = 200


def key(landing: Landing, columns: Columns) -> Finding:
    landing.load(columns)
    return landing.profile().primary_key


def all_columns(finding: Finding) -> set[str]:
    return {name for candidate in finding.candidates for name in candidate.columns}


def numbers(rows: int = ROWS) -> list[int]:
    return list(range(rows))


def test_single_unique_column_is_proposed_with_its_evidence(landing: Landing) -> None:
    found = key(landing, {"status": ["a", "b"] * 10_000, "order_id": range(20_000)})
    assert found.columns == ("order_id",)
    assert found.reason == "unique and never NULL in 20,000 of 20,000 sampled full-load rows"


def test_evidence_of_a_sample_names_all_rows(landing: Landing) -> None:
    landing.load({"id": range(5_000)}, row_group_size=100)
    found = landing.profile(settings=replace(SETTINGS, sample_rows=1_600)).primary_key
    assert found.reason == "unique and never NULL in 1,600 of 1,600 sampled full-load rows (of 5,000)"


def test_few_rows_are_said_to_be_few(landing: Landing) -> None:
    (candidate,) = key(landing, {"id": [1, 2]}).candidates
    assert candidate.warnings == ("only 2 rows: it may be unique by chance",)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("id", "serial"),
        ("PK_ID", "invoice"),
        ("order_id", "invoice_id"),
        ("invoice_no", "serial"),
        ("uuid", "phone_no"),
    ],
)
def test_telling_name_wins_among_unique_columns(landing: Landing, better: str, worse: str) -> None:
    found = key(landing, {worse: numbers(), better: numbers()})
    assert [candidate.columns for candidate in found.candidates] == [(better,), (worse,)]


def test_first_column_wins_among_names_alike(landing: Landing) -> None:
    assert key(landing, {"b_id": numbers(), "a_id": numbers()}).columns == ("b_id",)


def test_pair_is_proposed_when_no_single_column_is_unique(landing: Landing) -> None:
    found = key(
        landing,
        {
            "order_id": [row // 4 for row in numbers()],
            "line_no": [row % 4 for row in numbers()],
            "product": ["p"] * ROWS,
        },
    )
    assert found.columns == ("order_id", "line_no")
    assert found.reason == "together unique and never NULL in 200 of 200 sampled full-load rows"


def test_triple_is_proposed_when_no_pair_is_unique(landing: Landing) -> None:
    found = key(
        landing,
        {
            "store_id": [row // 40 for row in numbers()],
            "day": [date(2026, 1, 1 + row // 4 % 10) for row in numbers()],
            "till_no": [row % 4 for row in numbers()],
        },
    )
    assert found.columns == ("store_id", "day", "till_no")


def test_no_pair_is_sought_when_a_single_column_is_unique(landing: Landing) -> None:
    found = key(
        landing, {"id": numbers(), "a_id": [row // 2 for row in numbers()], "b_no": [row % 2 for row in numbers()]}
    )
    assert all(len(candidate.columns) == 1 for candidate in found.candidates)


def test_version_of_a_row_is_identified_by_key_and_moment(landing: Landing) -> None:
    found = key(
        landing,
        {
            "customer_id": [row // 2 for row in numbers()],
            "valid_from": [datetime(2026, 1, 1 + row % 2, tzinfo=UTC) for row in numbers()],
        },
    )
    assert found.columns == ("customer_id", "valid_from")


@pytest.mark.parametrize(
    "values",
    [
        pa.array([float(row) for row in numbers()]),
        pa.array([Decimal(row) / 4 for row in numbers()], pa.decimal128(12, 2)),
        pa.array(numbers(), pa.timestamp("us")),
        pa.array([str(row).encode() for row in numbers()]),
        pa.array([[row] for row in numbers()]),
        pa.array([{"a": row} for row in numbers()]),
        pa.array([None, *numbers()[1:]]),
        pa.array(["", *map(str, numbers()[1:])]),
    ],
    ids=["float", "fraction", "timestamp", "binary", "list", "struct", "null", "empty text"],
)
def test_column_that_cannot_identify_is_never_a_candidate(landing: Landing, values: pa.Array) -> None:
    found = key(landing, {"id": values})
    assert (found.columns, all_columns(found)) == ((), set())


def test_decimal_without_fractions_can_be_a_key_as_oracle_numbers_arrive(landing: Landing) -> None:
    values = pa.array([Decimal(row) for row in numbers()], pa.decimal128(38, 10))
    assert key(landing, {"id": values}).columns == ("id",)


@pytest.mark.parametrize("name", ["Op", "AR_H_CHANGE_SEQ", "CDC_TIMESTAMP_SEQ", "commit_ts", "dms_timestamp"])
def test_metadata_column_is_never_a_candidate(landing: Landing, name: str) -> None:
    found = key(landing, {name: [str(row) for row in numbers()], "value": ["a"] * ROWS})
    assert name not in all_columns(found)


def test_change_sequence_is_known_by_its_digits_whatever_its_name(landing: Landing) -> None:
    found = key(landing, {"marker": sequence(*numbers()), "value": ["a"] * ROWS})
    assert "marker" not in all_columns(found)


def test_column_that_no_manifest_can_name_is_never_a_candidate(landing: Landing) -> None:
    landing.load({"order id": numbers(), "Id": numbers(), "ID": numbers()})
    profile = landing.profile()
    assert profile.primary_key.columns == ()
    assert "tables cannot have the names 'order id'" in profile.notes[0]


def test_nothing_unique_leaves_the_key_open_and_shows_what_came_closest(landing: Landing) -> None:
    found = key(landing, {"a_id": [*range(199), 5], "b": [*range(100), *range(99), 5]})
    assert found.columns == ()
    assert "no pair or triple of the 2 most promising of 2 columns, is unique in 200 sampled rows" in found.reason
    assert found.candidates[0] == Candidate(
        ("a_id",), "199 distinct values in 200 sampled rows", objections=("not unique",)
    )


def test_table_without_rows_proves_nothing(landing: Landing) -> None:
    found = key(landing, {"id": pa.array([], pa.int64())})
    assert found == Finding(
        (), "no row of the table was read, so nothing is proved unique; write the source's primary key"
    )


def test_table_of_measures_only_has_no_column_for_a_key(landing: Landing) -> None:
    found = key(landing, {"flag": [True, False] * 100, "id": [None] * 199 + ["a"]})
    assert found.reason == "no column that can identify rows has a value in each of 200 sampled rows"


def test_null_beyond_the_sample_is_seen_in_the_footers(landing: Landing) -> None:
    landing.load({"id": [*range(4_999), None], "code": range(5_000)}, row_group_size=100)
    found = landing.profile(settings=replace(SETTINGS, sample_rows=500)).primary_key
    assert (found.columns, all_columns(found)) == (("code",), {"code"})


def test_wide_table_is_searched_among_its_most_promising_columns(landing: Landing) -> None:
    rows = 2_000
    filler = {f"c{number}": [row * (number + 3) % 97 for row in range(rows)] for number in range(200)}
    found = key(
        landing, {**filler, "order_id": [row // 5 for row in range(rows)], "line_no": [row % 5 for row in range(rows)]}
    )
    assert found.columns == ("order_id", "line_no")
    assert len(found.candidates) <= MOST_CANDIDATES


ROW = st.fixed_dictionaries(
    {
        "name": st.one_of(st.none(), st.sampled_from("abc")),
        "a_id": st.integers(0, 6),
        "b_no": st.integers(0, 4),
        "c": st.one_of(st.none(), st.integers(0, 20)),
    }
)


@settings(max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=12))
def test_proposed_key_really_is_unique_and_never_null(rows: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        landing = Landing(Path(folder))
        schema = pa.schema([("name", pa.string()), ("a_id", pa.int64()), ("b_no", pa.int64()), ("c", pa.int64())])
        landing.load(pa.Table.from_pylist(rows, schema))
        found = landing.profile().primary_key
    for candidate in found.candidates:
        values = [tuple(row[name] for name in candidate.columns) for row in rows]
        if not candidate.objections:
            assert len(set(values)) == len(rows)
        assert all(None not in value for value in values)
    if not found.columns:
        # a single column that identifies rows is never overlooked
        singles = ([row[name] for row in rows] for name in schema.names)
        assert not any(None not in values and len(set(values)) == len(rows) for values in singles)


def test_random_identifiers_of_text_are_keys(landing: Landing) -> None:
    texts = pc.cast(pc.random(ROWS, initializer=7), pa.string())
    assert key(landing, {"customer": ["x"] * ROWS, "ticket": texts}).columns == ("ticket",)


@pytest.mark.parametrize(
    ("precision", "scale"), [(1, 1), (4, 4), (4, 3), (4, 2), (18, 18), (38, 0), (38, 19), (38, 37), (38, 38)]
)
@pytest.mark.parametrize("largest", [True, False])
def test_decimal_of_any_precision_and_scale_is_profiled(
    landing: Landing, precision: int, scale: int, largest: bool
) -> None:
    nines = "9" * precision if largest else "1"
    values = pa.array([Decimal(f"{sign}{nines}E-{scale}") for sign in ("", "-")] + [Decimal(0)] * 2)
    values = values.cast(pa.decimal128(precision, scale))
    landing.load({"id": [1, 2, 3, 4], "rate": values})
    landing.changes({"Op": ["U"], "id": [1], "rate": values.slice(0, 1)})
    assert landing.profile().primary_key.columns == ("id",)


def test_decimal_whose_fraction_is_always_zero_identifies_and_one_of_fraction_digits_only_does_not(
    landing: Landing,
) -> None:
    whole = pa.array([Decimal(1), Decimal(2)], pa.decimal128(10, 4))
    fractions = pa.array([Decimal("0.0001"), Decimal("0.0002")], pa.decimal128(4, 4))
    landing.load({"rate": fractions, "nr": whole})
    assert landing.profile().primary_key.columns == ("nr",)
