"""Rule 7: a historical table keeps every version, and a reload adds only what differs and marks what vanished."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.records import LandedFile, RowHistory
from odp.refresh import RefreshKind

from tests.spark.refresher import Refresher

LOAD, FIRST, SECOND, THIRD = "LOAD00000001", *(f"20260101-00000000{n}" for n in (1, 2, 3))
Row = tuple[Any, ...]


def seq(number: int) -> str:
    return f"{number:035d}"


@pytest.fixture(params=["copy_on_write", pytest.param("merge_on_read", marks=pytest.mark.slow)])
def refresh(request: pytest.FixtureRequest, configured: Callable[..., Refresher]) -> Refresher:
    historical = {"history": RowHistory.ALL, "hudi_table_type": request.param}
    return configured(partition_key="REGION", **historical)


@pytest.fixture
def land_rows(refresh: Refresher, land_file: Any) -> Callable[..., LandedFile]:
    def write(name: str, *rows: Row) -> LandedFile:
        """Rows of a load are (ID, REGION, V); rows of changes also have operation and sequence."""
        columns: dict[str, pa.Array] = {}
        if not name.startswith("LOAD"):
            columns["Op"] = pa.array([row[3] for row in rows], pa.string())
        columns["ID"] = pa.array([row[0] for row in rows], pa.int64())
        columns["REGION"] = pa.array([row[1] for row in rows], pa.string())
        columns["V"] = pa.array([row[2] for row in rows], pa.string())
        columns["SEQ"] = pa.array([seq(row[4]) if len(row) > 3 else "" for row in rows], pa.string())
        landed: LandedFile = land_file(refresh.key(name), pa.table(columns))
        return landed

    return write


def versions(refresh: Refresher) -> list[Row]:
    return sorted(refresh.values("ID", "_odp_version", "Op", "V"), key=str)


def test_reload_adds_versions_of_rows_that_differ_and_marks_rows_that_vanished(
    refresh: Refresher, land_rows: Callable[..., LandedFile]
) -> None:
    loaded = land_rows(LOAD, (1, "n", "a"), (2, "n", "b"), (3, "s", None), (4, "", "d"), (5, None, "e"))
    refresh.apply(RefreshKind.INITIAL, loaded)
    refresh.apply(RefreshKind.CHANGES, land_rows(FIRST, (2, "n", "B", "U", 1), (3, "s", None, "D", 2)))
    before = [
        (1, "/L1", "I", "a"),
        (2, "/L1", "I", "b"),
        (2, seq(1), "U", "B"),
        (3, "/L1", "I", None),
        (3, seq(2), "D", None),
        (4, "/L1", "I", "d"),
        (5, "/L1", "I", "e"),
    ]
    assert versions(refresh) == sorted(before, key=str)
    # 1 and 4 are as they were, 2 differs, 3 was deleted and is back, 5 vanished, 6 is new; then 6 changes
    again = land_rows(LOAD, (1, "n", "a"), (2, "n", "b"), (3, "s", None), (4, "", "d"), (6, "w", "f"))
    refresh.apply(RefreshKind.RELOAD, again, land_rows(SECOND, (6, "w", "F", "U", 5)), generation=2)
    load = f"{seq(2)}/L2"
    added = [(2, load, "I", "b"), (3, load, "I", None), (5, load, "D", "e"), (6, load, "I", "f"), (6, seq(5), "U", "F")]
    assert versions(refresh) == sorted([*before, *added], key=str)


@pytest.mark.slow  # unit tests and histories decide it; versions are made as in the others
def test_reload_that_is_seen_after_changes_that_follow_it_takes_its_place_before_them(
    refresh: Refresher, land_rows: Callable[..., LandedFile]
) -> None:
    refresh.apply(RefreshKind.INITIAL, land_rows(LOAD, (1, "n", "a"), (2, "n", "b")))
    refresh.apply(RefreshKind.CHANGES, land_rows(FIRST, (1, "n", "A", "U", 1)))
    after = land_rows(SECOND, (1, "n", "AA", "U", 7), (2, "n", "b", "D", 8))
    refresh.apply(RefreshKind.CHANGES, after)
    reload = land_rows(LOAD, (1, "n", "loaded"), (2, "n", "b"))
    refresh.apply(RefreshKind.RELOAD, reload, replayed=(after,), generation=2)
    expected = [
        (1, "/L1", "I", "a"),
        (1, seq(1), "U", "A"),
        (1, f"{seq(1)}/L2", "I", "loaded"),
        (1, seq(7), "U", "AA"),
        (2, "/L1", "I", "b"),
        (2, seq(8), "D", "b"),
    ]
    assert versions(refresh) == sorted(expected, key=str)


def test_load_is_compared_with_the_newest_versions_before_the_changes_that_follow_it(
    refresh: Refresher, land_rows: Callable[..., LandedFile]
) -> None:
    """The changes after the load are in the table already; what they did says nothing about the load."""
    refresh.apply(RefreshKind.INITIAL, land_rows(LOAD, (1, "n", "a"), (2, "n", "b"), (3, "n", "c"), (4, "n", "d")))
    refresh.apply(RefreshKind.CHANGES, land_rows(FIRST, (4, "n", "d", "D", 1), (5, "n", "e", "I", 2)))
    after = (
        land_rows(SECOND, (1, "n", "A", "U", 7), (2, "n", "b", "D", 8), (3, "n", "c", "D", 9)),
        land_rows(THIRD, (4, "n", "d", "I", 10), (5, "n", "E", "U", 11), (6, "n", "f", "I", 12)),
    )
    for file in after:
        refresh.apply(RefreshKind.CHANGES, file)
    before = versions(refresh)
    # 1 and 2 are as they were before the changes, 3 vanished before its delete, 4 is back, 5 differs, 6 is newer
    reload = land_rows(LOAD, (1, "n", "a"), (2, "n", "b"), (4, "n", "d"), (5, "n", "e, loaded"))
    refresh.apply(RefreshKind.RELOAD, reload, replayed=after, generation=2)
    load = f"{seq(2)}/L2"
    added = [(3, load, "D", "c"), (4, load, "I", "d"), (5, load, "I", "e, loaded")]
    assert versions(refresh) == sorted([*before, *added], key=str)
    newest = {row[0]: row for row in sorted(versions(refresh), key=lambda row: row[1])}
    assert {key: row[2] for key, row in newest.items()} == {1: "U", 2: "D", 3: "D", 4: "I", 5: "U", 6: "I"}
    refresh.apply(RefreshKind.CHANGES, land_rows("LOAD00000002", (7, "n", "g")), replayed=after, generation=2)
    assert (7, load, "I", "g") in versions(refresh)


@pytest.mark.slow  # unit tests and histories decide it; versions are made as in the others
def test_load_takes_its_place_before_replayed_changes_without_a_sequence_too(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    """The versions of changes ordered by a commit time are file and row, and none of a transaction is lost."""
    historical = {"history": RowHistory.ALL, "change_sequence": "AT"}
    refresh = configured(**historical)
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def table(op: str | None, *values: tuple[int, str]) -> pa.Table:
        keys, texts = zip(*values, strict=True)
        columns = {"ID": keys, "V": texts, "AT": pa.array([moment] * len(keys), pa.timestamp("us", "UTC"))}
        return pa.table({"Op": [op] * len(keys), **columns} if op else columns)

    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), table(None, (1, "a"), (2, "b"))))
    one_transaction = table("U", (1, "one"), (1, "two"), (1, "three"))
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), one_transaction))
    after = land_file(refresh.key(SECOND), table("U", (1, "four"), (2, "B")))
    refresh.apply(RefreshKind.CHANGES, after)
    reload = land_file(refresh.key(LOAD), table(None, (1, "loaded"), (2, "b")))
    refresh.apply(RefreshKind.RELOAD, reload, replayed=(after,), generation=2)
    first, second = f"{FIRST}.parquet", f"{SECOND}.parquet"
    assert [row for row in sorted(refresh.values("_odp_version", "ID", "V")) if row[1] == 1] == [
        ("/L1", 1, "a"),
        *((f"{first}#000000000{number}", 1, value) for number, value in enumerate(("one", "two", "three"))),
        (f"{first}#0000000002/L2", 1, "loaded"),
        (f"{second}#0000000000", 1, "four"),
    ]
    assert [row[2] for row in sorted(refresh.values("_odp_version", "ID", "V")) if row[1] == 2] == ["b", "B"]


@pytest.mark.slow  # unit tests and histories decide it; versions are made as in the others
def test_late_part_of_a_load_has_the_version_of_that_load(
    refresh: Refresher, land_rows: Callable[..., LandedFile]
) -> None:
    refresh.apply(RefreshKind.INITIAL, land_rows(LOAD, (1, "n", "a")))
    refresh.apply(RefreshKind.INITIAL, land_rows("LOAD00000002", (2, "n", "b")))
    refresh.apply(RefreshKind.CHANGES, land_rows(FIRST, (1, "n", "A", "U", 1)))
    refresh.apply(RefreshKind.CHANGES, land_rows("LOAD00000003", (3, "n", "c")))
    refresh.apply(RefreshKind.RELOAD, land_rows(LOAD, (1, "n", "A"), (2, "n", "b")), generation=2)
    refresh.apply(RefreshKind.CHANGES, land_rows(SECOND, (2, "n", "B", "U", 4)), generation=2)
    refresh.apply(RefreshKind.CHANGES, land_rows("LOAD00000002", (3, "n", "c")), generation=2)
    assert versions(refresh) == sorted(
        [
            (1, "/L1", "I", "a"),
            (1, seq(1), "U", "A"),
            (2, "/L1", "I", "b"),
            (2, seq(4), "U", "B"),
            (3, "/L1", "I", "c"),
            (3, f"{seq(1)}/L2", "I", "c"),
        ],
        key=str,
    )


@pytest.mark.slow  # unit tests and histories decide it; versions are made as in the others
def test_first_load_that_comes_after_changes_which_are_in_it_is_the_newest_version_until_the_changes_after_it(
    refresh: Refresher, land_rows: Callable[..., LandedFile]
) -> None:
    refresh.apply(RefreshKind.INITIAL, land_rows(FIRST, (1, "n", "A", "U", 1), (2, "n", "B", "U", 2)))
    files = land_rows(LOAD, (1, "n", "loaded"), (3, "n", "c")), land_rows(SECOND, (1, "n", "AA", "U", 5))
    refresh.apply(RefreshKind.CHANGES, *files)
    refresh.apply(RefreshKind.CHANGES, land_rows("LOAD00000002", (2, "n", "b")))
    load = f"{seq(2)}/L1"
    assert versions(refresh) == [
        (1, seq(1), "U", "A"),
        (1, load, "I", "loaded"),
        (1, seq(5), "U", "AA"),
        (2, seq(2), "U", "B"),
        (2, load, "I", "b"),
        (3, load, "I", "c"),
    ]


def test_load_after_the_source_was_emptied_has_later_versions_than_the_marks(
    refresh: Refresher, land_rows: Callable[..., LandedFile]
) -> None:
    refresh.apply(RefreshKind.INITIAL, land_rows(LOAD, (1, "n", "a")))
    refresh.apply(RefreshKind.EMPTY, generation=2)
    refresh.apply(RefreshKind.INITIAL, land_rows(LOAD, (1, "n", "a")), generation=2)
    assert [row[1:3] for row in versions(refresh)] == [("/L1", "I"), ("/L1/L2", "D"), ("/L1/L2/L2", "I")]


def test_emptied_source_marks_every_live_key_and_keeps_every_version(
    refresh: Refresher, land_rows: Callable[..., LandedFile]
) -> None:
    refresh.apply(RefreshKind.INITIAL, land_rows(LOAD, (1, "n", "a"), (2, "n", "b")))
    refresh.apply(RefreshKind.CHANGES, land_rows(FIRST, (2, "n", "b", "D", 1)))
    refresh.apply(RefreshKind.EMPTY, generation=2)
    marks = [(1, f"{seq(1)}/L2", "D", "a"), (2, seq(1), "D", "b")]
    loaded = [(1, "/L1", "I", "a"), (2, "/L1", "I", "b")]
    assert versions(refresh) == sorted([*marks, *loaded], key=str)


@pytest.mark.slow  # unit tests and histories decide it; versions are made as in the others
def test_changes_of_the_time_before_the_former_load_that_a_task_writes_again_do_not_age_the_next_load(
    refresh: Refresher, land_rows: Callable[..., LandedFile]
) -> None:
    """A task that goes back to an older checkpoint repeats changes; 2 vanished in the second load and is back."""
    refresh.apply(RefreshKind.INITIAL, land_rows(LOAD, (1, "n", "a")))
    changes = (2, "n", "b", "I", 1), (2, "n", "B", "U", 2)
    refresh.apply(RefreshKind.CHANGES, land_rows(FIRST, *changes))
    refresh.apply(RefreshKind.RELOAD, land_rows(LOAD, (1, "n", "a")), generation=2)
    again = land_rows(LOAD, (1, "n", "a"), (2, "n", "B"))
    refresh.apply(RefreshKind.RELOAD, again, land_rows(SECOND, *changes), generation=3)
    newest = max(version for id_, version, _, _ in versions(refresh) if id_ == 2)
    assert newest == f"{seq(2)}/L2/L3"
    assert [(op, value) for id_, version, op, value in versions(refresh) if (id_, version) == (2, newest)] == [
        ("I", "B")
    ]
