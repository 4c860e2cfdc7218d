"""Rule 7: a historical table keeps every version, and a reload adds only what differs and marks what vanished."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.records import LandedFile, VersioningType
from odp.refreshes import RefreshKind

from tests.spark.refresher import Refresher

LOAD, FIRST, SECOND, THIRD = "LOAD00000001", *(f"20260101-00000000{n}" for n in (1, 2, 3))
Row = tuple[Any, ...]


def seq(number: int) -> str:
    return f"{number:035d}"


@pytest.fixture(params=["copy_on_write", "merge_on_read"])
def refresh(request: pytest.FixtureRequest, configured: Callable[..., Refresher]) -> Refresher:
    historical = {"table_data_versioning_type": VersioningType.HISTORICAL, "hudi_table_type": request.param}
    return configured(hudi_partition_key="REGION", **historical)


@pytest.fixture
def land_rows(refresh: Refresher, land_file: Any) -> Callable[..., LandedFile]:
    def write(name: str, *rows: Row) -> LandedFile:
        """Rows of a load are (ID, REGION, V), those of changes have operation and sequence besides."""
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


def test_emptied_source_marks_every_live_key_and_keeps_every_version(
    refresh: Refresher, land_rows: Callable[..., LandedFile]
) -> None:
    refresh.apply(RefreshKind.INITIAL, land_rows(LOAD, (1, "n", "a"), (2, "n", "b")))
    refresh.apply(RefreshKind.CHANGES, land_rows(FIRST, (2, "n", "b", "D", 1)))
    refresh.apply(RefreshKind.EMPTY, generation=2)
    marks = [(1, f"{seq(1)}/L2", "D", "a"), (2, seq(1), "D", "b")]
    loaded = [(1, "/L1", "I", "a"), (2, "/L1", "I", "b")]
    assert versions(refresh) == sorted([*marks, *loaded], key=str)
