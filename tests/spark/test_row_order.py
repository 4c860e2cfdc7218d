"""Rule 3: the source's order wins and only the framework decides it; no column of the source is written to."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.records import LandedFile, RowHistory
from odp.refresh import RefreshKind

from tests.spark.refresher import Refresher

Configured = Callable[..., Refresher]
LOAD, FIRST, SECOND, THIRD = "LOAD00000001", *(f"20260101-00000000{n}" for n in (1, 2, 3))
NO_ORDER = {1: None, 2: "", 3: f"{7:035d}", 4: "no sequence at all"}
"""Sequences that tell nothing, by the keys whose changes all have them."""


def seq(number: int) -> str:
    return f"{number:035d}"


def changes(*values: str, seq: str | None, op: str = "U", key: int = 1) -> pa.Table:
    count = len(values)
    sequence = pa.array([seq] * count, pa.string())
    return pa.table({"Op": [op] * count, "ID": [key] * count, "V": values, "SEQ": sequence})


def test_last_row_of_the_newest_file_wins_over_rows_whose_sequence_tells_nothing(
    configured: Configured, land_file: Any
) -> None:
    refresh = configured()

    def of_every_key(name: str, *values: str) -> LandedFile:
        tables = [changes(*values, seq=seq, key=key) for key, seq in NO_ORDER.items()]
        landed: LandedFile = land_file(refresh.key(name), pa.concat_tables(tables))
        return landed

    later = of_every_key(SECOND, *(f"v{n}" for n in range(2000)))
    refresh.apply(RefreshKind.INITIAL, later, of_every_key(FIRST, "first"))
    assert refresh.values("ID", "V", "SEQ") == [(key, "v1999", seq) for key, seq in NO_ORDER.items()]
    refresh.apply(RefreshKind.CHANGES, of_every_key(THIRD, "newer", "newest"))
    assert refresh.values("ID", "V", "SEQ") == [(key, "newest", seq) for key, seq in NO_ORDER.items()]


def test_sequence_orders_the_changes_of_a_key_only_if_all_of_them_have_a_valid_one(
    configured: Configured, land_file: Any
) -> None:
    refresh = configured()
    both = pa.concat_tables([changes("newer", seq=seq(2)), changes("older", seq=seq(1))])
    # digits of a business time, or of any other length than DMS's
    backwards = [
        changes(f"{digits} digits, {when}", seq=f"{20260101000000}{number:0{digits - 14}d}", key=digits)
        for digits in (20, 34, 36)
        for when, number in (("first", 9), ("last", 1))
    ]
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(FIRST), pa.concat_tables([both, *backwards])))
    assert sorted(refresh.values("ID", "V")) == [
        (1, "newer"),
        *((digits, f"{digits} digits, last") for digits in (20, 34, 36)),
    ]
    mixed = pa.concat_tables([changes("sequenced", seq=seq(9)), changes("not sequenced", seq=None)])
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(SECOND), mixed))
    assert (1, "not sequenced") in refresh.values("ID", "V")


def test_row_of_a_load_is_older_than_any_change_and_keeps_its_values(configured: Configured, land_file: Any) -> None:
    refresh = configured(change_sequence="AT")
    late, early = dt.datetime(2026, 1, 6, tzinfo=dt.UTC), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    ats = pa.array([late, late, None], pa.timestamp("us", "UTC"))
    load = pa.table({"ID": [1, 2, 3], "V": ["loaded"] * 3, "AT": ats})
    change = pa.table({"Op": ["U"], "ID": [1], "V": ["changed"], "AT": pa.array([early], pa.timestamp("us", "UTC"))})
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), load), land_file(refresh.key(FIRST), change))
    assert refresh.values("ID", "V", "AT") == [(1, "changed", early), (2, "loaded", late), (3, "loaded", None)]


@pytest.mark.parametrize("table_type", ["copy_on_write", pytest.param("merge_on_read", marks=pytest.mark.slow)])
def test_clock_that_runs_backwards_stands_still_or_is_missing_does_no_harm(
    configured: Configured, land_file: Any, table_type: str
) -> None:
    """F1: key ID, ordering N: changes with a lower N than the load's were ignored for good."""
    refresh = configured(change_sequence="N", hudi_table_type=table_type)

    def table(op: str | None, **columns: list[Any]) -> pa.Table:
        count = len(columns["ID"])
        named = {"ID": columns["ID"], "V": columns["V"], "N": pa.array(columns["N"], pa.int64())}
        return pa.table({"Op": [op] * count, **named} if op else named)

    refresh.apply(
        RefreshKind.INITIAL,
        land_file(refresh.key(LOAD), table(None, ID=[1, 2, 3], V=["a"] * 3, N=[9, 9, 9])),
    )
    steps: list[tuple[str, str, int | None]] = [("U", "b", -5), ("U", "c", -5), ("U", "d", None), ("U", "e", -9)]
    for number, (op, value, clock) in enumerate(steps, 1):
        file = land_file(refresh.key(f"20260101-00000000{number}"), table(op, ID=[1], V=[value], N=[clock]))
        refresh.apply(RefreshKind.CHANGES, file)
        assert refresh.values("ID", "V", "N")[0] == (1, value, clock)
    deleted = land_file(refresh.key("20260101-000000008"), table("D", ID=[1, 2], V=["", ""], N=[-99, None]))
    refresh.apply(RefreshKind.CHANGES, deleted)
    assert refresh.values("ID") == [(3,)]
    again = land_file(refresh.key("20260101-000000009"), table("I", ID=[2], V=["again"], N=[-100]))
    refresh.apply(RefreshKind.CHANGES, again)
    assert refresh.values("ID", "V") == [(2, "again"), (3, "a")]


def test_column_that_is_key_and_ordering_at_once_keeps_every_row(configured: Configured, land_file: Any) -> None:
    """F1: a load of IDs 1, 2, 3 was one row of ID 0."""
    refresh = configured(change_sequence="ID")
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), pa.table({"ID": [1, 2, 3]})))
    assert refresh.values("ID") == [(1,), (2,), (3,)]


def test_table_without_a_change_sequence_is_ordered_by_files_and_rows(configured: Configured, land_file: Any) -> None:
    refresh = configured(change_sequence=None)
    first, second = (
        land_file(refresh.key(name), changes(*values, seq=None).drop_columns(["SEQ"]))
        for name, values in ((FIRST, ["a", "b"]), (SECOND, ["c", "d"]))
    )
    refresh.apply(RefreshKind.INITIAL, second, first)
    assert refresh.values("V") == [("d",)]
    assert refresh.table().column_names == ["Op", "ID", "V"]


def test_row_that_two_files_of_one_name_have_at_one_place_is_one_row(configured: Configured, land_file: Any) -> None:
    refresh = configured()
    load = pa.table({"ID": [1], "V": ["loaded"], "SEQ": [""]})
    files = [land_file(refresh.key(f"{segment}/{LOAD}"), load) for segment in ("p1", "p2")]
    refresh.apply(RefreshKind.INITIAL, *files)
    assert refresh.values("ID", "V") == [(1, "loaded")]


def test_historical_table_keeps_every_change_without_a_valid_sequence_by_row_and_one_of_each_sequence(
    configured: Configured, land_file: Any
) -> None:
    refresh = configured(history=RowHistory.ALL)
    both = pa.concat_tables([changes("a", "b", seq="2026-01-01 10:00"), changes("c", "d", seq=seq(1))])
    file = land_file(refresh.key(FIRST), both)
    refresh.apply(RefreshKind.INITIAL, file)
    refresh.apply(RefreshKind.CHANGES, file)
    expected = [(seq(1), "d"), (f"{FIRST}.parquet#0000000000", "a"), (f"{FIRST}.parquet#0000000001", "b")]
    assert sorted(refresh.values("_odp_version", "V")) == sorted(expected)
