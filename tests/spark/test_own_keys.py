"""Rule 6: two keys of the source are two rows of the lake, whatever characters they hold."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.records import RowHistory
from odp.refresh import RefreshKind

from lake.errors import RejectedInputError
from tests.spark.refresher import Refresher

LOAD, FIRST, SECOND = "LOAD00000001", "20260101-000000001", "20260101-000000002"
KEYS: list[tuple[str | None, str | None]] = [
    ("a,L:b", "c"),
    ("a", "b,L:c"),
    (None, "x"),
    ("__null__", "x"),
    ("", "x"),
    ("__empty__", "x"),
    ("\\N", "x"),
    ("\\", "N,x"),
    ("\\,", "x"),
    ("x", None),
    (None, None),
    ("", ""),
    ("a,", "b"),
    ("a", ",b"),
]


@pytest.mark.parametrize(
    ("table_type", "partition"),
    [
        ("copy_on_write", "L"),
        pytest.param("copy_on_write", None, marks=pytest.mark.slow),
        pytest.param("copy_on_write", "P", marks=pytest.mark.slow),
        pytest.param("merge_on_read", "P", marks=pytest.mark.slow),
        pytest.param("merge_on_read", None, marks=pytest.mark.slow),
        pytest.param("merge_on_read", "L", marks=pytest.mark.slow),
    ],
)
def test_every_composite_key_is_one_row_that_changes_and_goes(
    configured: Callable[..., Refresher], land_file: Any, table_type: str, partition: str | None
) -> None:
    """F6: ("a,L:b", "c") and ("a", "b,L:c") were one row, and so were NULL and the text __null__."""
    refresh = configured(primary_key=("K", "L"), partition_key=partition, hudi_table_type=table_type)

    def table(op: str | None, keys: list[tuple[str | None, str | None]], value: str) -> pa.Table:
        columns: dict[str, Any] = {"Op": [op] * len(keys)} if op else {}
        columns |= {
            name: pa.array(values, pa.string()) for name, values in zip("KL", zip(*keys, strict=True), strict=True)
        }
        columns |= {"P": ["p"] * len(keys), "V": [f"{value}{number}" for number in range(len(keys))]}
        return pa.table(columns | {"SEQ": [""] * len(keys)})

    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), table(None, KEYS, "loaded")))
    found = sorted(refresh.values("K", "L", "V"), key=str)
    assert found == sorted(((k, v, f"loaded{n}") for n, (k, v) in enumerate(KEYS)), key=str)
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), table("U", KEYS, "changed")))
    found = sorted(refresh.values("K", "L", "V"), key=str)
    assert found == sorted(((k, v, f"changed{n}") for n, (k, v) in enumerate(KEYS)), key=str)
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(SECOND), table("D", KEYS[::2], "")))
    assert sorted(refresh.values("K", "L"), key=str) == sorted(KEYS[1::2], key=str)


def test_versions_of_keys_with_any_characters_are_kept_apart(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured(primary_key=("K",), change_sequence=None, history=RowHistory.ALL)
    keys = pa.array(["a", "a,/L1", "a\\", None, "\\N", ""], pa.string())
    load = land_file(refresh.key(LOAD), pa.table({"K": keys, "V": range(6)}))
    refresh.apply(RefreshKind.INITIAL, load)
    refresh.apply(RefreshKind.RELOAD, load, generation=2)
    assert sorted(refresh.values("V")) == [(number,) for number in range(6)]


@pytest.mark.parametrize("fields", [{"primary_key": ("K", "L")}, {"history": RowHistory.ALL}])
def test_table_with_keys_of_an_earlier_release_is_refused_with_the_way_out(
    configured: Callable[..., Refresher], land_file: Any, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = configured(primary_key=("K",))
    load = land_file(earlier.key(LOAD), pa.table({"K": ["a"], "L": ["b"], "SEQ": [""]}))
    earlier.apply(RefreshKind.INITIAL, load)
    refresh = configured(**{"primary_key": ("K",), **fields})
    with pytest.raises(RejectedInputError, match="written by an earlier release.* into a new raw_table_name"):
        refresh.apply(RefreshKind.CHANGES, load)
