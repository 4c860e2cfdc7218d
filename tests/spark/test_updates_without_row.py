"""Rule 6: updates of keys that the table does not have are counted; nothing else shows a changed key (F8)."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.records import LandedFile, RowHistory
from odp.refresh import RefreshKind

from tests.spark.refresher import Refresher

LOAD = "LOAD00000001"
Change = tuple[str, int, str | None]


@pytest.fixture
def change(land_file: Callable[..., LandedFile]) -> Callable[..., LandedFile]:
    """Land changes of the table, as the file of this number."""

    def land(refresh: Refresher, number: int, *rows: Change, former: list[int | None] | None = None) -> LandedFile:
        op, key, region = zip(*rows, strict=True)
        named = {
            "Op": op,
            "ID": key,
            "LINE": [1] * len(rows),
            "REGION": pa.array(region, pa.string()),
            "V": [str(number)] * len(rows),
            "SEQ": [f"{number:033d}{row:02d}" for row in range(len(rows))],
        }
        images = {"BI_ID": pa.array(former, pa.int64())} if former else {}
        return land_file(refresh.key(f"20260101-{number:09d}"), pa.table({**named, **images}))

    return land


@pytest.fixture
def load(land_file: Callable[..., LandedFile]) -> Callable[[Refresher], LandedFile]:
    named = {"ID": list(range(1, 10)), "LINE": [1] * 9, "REGION": ["north"] * 9, "V": ["0"] * 9, "SEQ": [""] * 9}
    return lambda refresh: land_file(refresh.key(LOAD), pa.table(named))


@pytest.fixture
def made(configured: Callable[..., Refresher], load: Any, change: Any) -> Callable[..., Refresher]:
    """Make a table that has the keys 1 to 9 and in which changes are already."""

    def make(**fields: Any) -> Refresher:
        refresh = configured(**fields)
        refresh(load(refresh))
        refresh(change(refresh, 1, ("U", 9, "north")))
        return refresh

    return make


def without_row(refresh: Refresher, *files: LandedFile) -> int:
    return refresh(*files).counts.updates_without_row


@pytest.mark.parametrize(
    "fields",
    [
        {"partition_key": "REGION"},
        # the statistics that are counted from are those of a copy-on-write table, whose rows may also move
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"partition_key": "REGION", "hudi_table_type": "merge_on_read"}, marks=pytest.mark.slow),
        pytest.param({"primary_key": ("ID", "LINE")}, marks=pytest.mark.slow),
        pytest.param({"hudi_table_type": "merge_on_read"}, marks=pytest.mark.slow),
        pytest.param({"change_sequence": None}, marks=pytest.mark.slow),
    ],
    ids=["partitioned", "plain", "merge-on-read-partitioned", "composite", "merge-on-read", "without-sequence"],
)
def test_updates_of_unknown_keys_are_counted_among_all_other_changes(
    made: Callable[..., Refresher], change: Any, fields: dict[str, Any]
) -> None:
    refresh = made(**fields)
    in_place, moved, deleted = ("U", 1, "north"), ("U", 2, "south"), ("D", 3, None)
    inserted = [("I", 20, "south"), ("I", 21, "west"), ("U", 21, "west")]
    again = [("I", 4, "north"), ("D", 5, None), ("I", 5, "north"), ("D", 6, None), ("U", 6, "north")]
    gone = [("D", 90, None), ("I", 91, "north"), ("D", 91, None), ("U", 92, "west"), ("D", 92, None)]
    rows = [in_place, moved, deleted, *inserted, *again, *gone]
    assert without_row(refresh, change(refresh, 2, *rows)) == 0
    # 7 became 70, 8 became 80: DMS writes the new keys only; what is known now is counted no more
    changed = [("U", 70, "north"), ("U", 80, "new"), ("U", 80, "new"), ("U", 21, "west")]
    committed = refresh(change(refresh, 3, *changed, ("D", 93, None), ("I", 22, "north"), ("D", 1, None)))
    assert committed.counts.updates_without_row == 2
    assert {7, 8, 70, 80} <= {key for (key,) in refresh.values("ID")}
    assert refresh.writer.last_refresh(refresh.config) == committed
    assert without_row(refresh, change(refresh, 4, *changed)) == 0


def test_update_of_an_unknown_key_is_not_counted_where_it_may_have_another_cause(
    made: Callable[..., Refresher], load: Any, change: Any
) -> None:
    refresh = made()
    update = ("U", 70, "north")
    # a late file: what follows it is read again, and may have deleted the row
    refresh(change(refresh, 5, ("D", 1, None)))
    assert without_row(refresh, change(refresh, 3, update)) == 0
    # a file with before-images tells the former key
    assert without_row(refresh, change(refresh, 6, ("U", 71, "north"), former=[2])) == 0
    # the first changes after a reload: DMS may have read the load after them
    assert without_row(refresh, load(refresh)) == 0
    assert without_row(refresh, change(refresh, 7, update)) == 0
    assert without_row(refresh, change(refresh, 8, ("U", 72, "north"))) == 1


def test_update_of_an_unknown_key_is_not_counted_in_a_table_without_a_load(
    configured: Callable[..., Refresher], change: Any
) -> None:
    refresh = configured()
    for number in range(1, 4):
        assert without_row(refresh, change(refresh, number, ("U", number, "north"))) == 0
    refresh.apply(RefreshKind.EMPTY, change(refresh, 4, ("D", 1, None)), generation=2)
    assert without_row(refresh, change(refresh, 5, ("U", 5, "north"))) == 0


def test_versions_of_a_historical_table_are_not_counted(made: Callable[..., Refresher], change: Any) -> None:
    refresh = made(history=RowHistory.ALL)
    assert without_row(refresh, change(refresh, 2, ("U", 70, "north"))) == 0
