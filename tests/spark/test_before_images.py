"""Rule 6: an update that changes the key leaves no row under the old one, where DMS tells it (F8)."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.records import RowHistory
from odp.refresh import RefreshKind

from lake.errors import RejectedInputError
from tests.spark.refresher import Refresher

LOAD, FIRST = "LOAD00000001", "20260101-000000001"


def seq(number: int) -> str:
    return f"{number:035d}"


def changes(*rows: tuple[str, int, int | None, str, int], prefix: str = "BI_") -> pa.Table:
    operations, keys, old, values, sequences = zip(*rows, strict=True)
    return pa.table(
        {
            "Op": operations,
            "ID": keys,
            "L": ["x"] * len(rows),
            "V": values,
            "SEQ": [seq(number) for number in sequences],
            f"{prefix}ID": pa.array(old, pa.int64()),
        }
    )


@pytest.fixture
def load(land_file: Any) -> Callable[..., Any]:
    table = pa.table({"ID": [1, 2, 3], "L": ["x"] * 3, "V": ["a", "b", "c"], "SEQ": [""] * 3})
    return lambda refresh: land_file(refresh.key(LOAD), table)


@pytest.mark.parametrize(
    ("keys", "prefix"),
    [
        (("L", "ID"), "BI_"),
        pytest.param(("ID",), "bi_", marks=pytest.mark.slow),
        pytest.param(("ID",), "BI_", marks=pytest.mark.slow),
        pytest.param(("L", "ID"), "bi_", marks=pytest.mark.slow),
    ],
)
def test_update_of_a_key_deletes_the_old_row_and_its_columns_are_none_of_the_table(
    configured: Callable[..., Refresher], load: Any, land_file: Any, keys: tuple[str, ...], prefix: str
) -> None:
    refresh = configured(primary_key=keys)
    # 1 becomes 9, 2 is updated under its key, 3 and the new 9 swap by a third key
    rows = [("U", 9, 1, "moved", 1), ("U", 2, 2, "updated", 2), ("I", 4, None, "new", 3)]
    swap = [("U", 5, 9, "on the way", 4), ("U", 9, 3, "c", 5), ("U", 3, 5, "moved", 6)]
    file = land_file(refresh.key(FIRST), changes(*rows, *swap, prefix=prefix))
    refresh.apply(RefreshKind.INITIAL, load(refresh))
    refresh.apply(RefreshKind.CHANGES, file)
    assert sorted(refresh.values("ID", "V")) == [(2, "updated"), (3, "moved"), (4, "new"), (9, "c")]
    assert refresh.table().column_names == ["ID", "L", "V", "SEQ", "Op"]


def test_update_of_a_key_marks_the_old_one_in_a_historical_table(
    configured: Callable[..., Refresher], load: Any, land_file: Any
) -> None:
    refresh = configured(history=RowHistory.ALL)
    refresh.apply(RefreshKind.INITIAL, load(refresh))
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), changes(("U", 9, 1, "moved", 1))))
    found = [row for row in refresh.values("ID", "_odp_version", "Op") if row[0] in (1, 9)]
    assert sorted(found) == sorted([(1, "/L1", "I"), (1, seq(1), "D"), (9, seq(1), "U")])


def test_before_images_of_other_columns_are_none_of_the_table_but_a_source_column_named_so_is(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured()
    # the source has W and BI_W; its task writes before-images of the key and V, as a column filter would
    load = pa.table({"ID": [1, 2], "V": ["a", "b"], "W": ["w", "w"], "BI_W": ["own 1", "own 2"], "SEQ": ["", ""]})
    changed = pa.table(
        {
            "Op": ["U", "I"],
            "ID": [9, 3],
            "V": ["changed", "new"],
            "W": ["w", "w"],
            "BI_W": ["own 9", "own 3"],
            "SEQ": [seq(1), seq(2)],
            "BI_ID": pa.array([1, None], pa.int64()),
            "BI_V": ["a", None],
        }
    )
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), load))
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), changed))
    found = sorted(refresh.values("ID", "V", "BI_W"))
    assert found == [(2, "b", "own 2"), (3, "new", "own 3"), (9, "changed", "own 9")]
    assert refresh.table().column_names == ["ID", "V", "W", "BI_W", "SEQ", "Op"]


def test_own_column_of_a_table_without_a_load_deletes_no_row_before_the_configuration_tells(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured()
    first = land_file(refresh.key(FIRST), changes(("I", 1, None, "a", 1), ("I", 7, None, "seven", 2)))
    second = land_file(refresh.key("20260101-000000002"), changes(("U", 1, 7, "b", 3)))
    with pytest.raises(RejectedInputError, match="BI_ID, and no full load shows"):
        refresh.apply(RefreshKind.INITIAL, first, second)
    none = configured(before_images="none", raw_table_name=refresh.config.raw_table_name)
    none.apply(RefreshKind.INITIAL, first, second)
    assert sorted(none.values("ID", "V", "BI_ID")) == [(1, "b", 7), (7, "seven", None)]


def test_source_column_that_only_looks_like_a_before_image_is_refused_by_name(
    configured: Callable[..., Refresher], load: Any, land_file: Any
) -> None:
    refresh = configured()
    refresh.apply(RefreshKind.INITIAL, load(refresh))
    file = land_file(refresh.key(FIRST), changes(("U", 1, 1, "updated", 1), ("I", 4, 7, "new", 2)))
    with pytest.raises(
        RejectedInputError, match=f"{FIRST}.parquet has an inserted row .* column BI_ID which .* rename"
    ):
        refresh.apply(RefreshKind.CHANGES, file)
    assert sorted(refresh.values("ID", "V")) == [(1, "a"), (2, "b"), (3, "c")]
