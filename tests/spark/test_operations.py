"""No row is dropped because of its operation: what DMS cannot have written is refused by name (F5)."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.refresh import RefreshKind

from lake.errors import RejectedInputError
from tests.spark.refresher import Refresher

LOAD, FIRST = "LOAD00000001", "20260101-000000001"


def rows(*operations: str | None) -> pa.Table:
    count = len(operations)
    return pa.table({"Op": pa.array(operations, pa.string()), "ID": range(count), "SEQ": [""] * count})


def test_load_whose_column_of_operations_is_a_columns_of_the_source_is_refused_by_name(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured()
    for operation in ("U", "D", None, "i", "", "insert"):
        said = "NULL" if operation is None else f"'{operation}'"
        named = rf"{LOAD}.parquet has a row with {said} in the column 'Op'.*rename"
        with pytest.raises(RejectedInputError, match=named):
            refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows("I", operation)))
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows("I", "I")))
    assert refresh.values("ID") == [(0,), (1,)]


def test_change_of_an_unknown_kind_is_refused_by_name_and_the_table_stays_as_it_was(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured()
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows("I", "I")))
    for operation in ("X", None, "u"):
        said = "NULL" if operation is None else f"'{operation}'"
        with pytest.raises(RejectedInputError, match=rf"{FIRST}.parquet has a row with {said} in the column 'Op'"):
            refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), rows("D", operation)))
        assert refresh.values("ID") == [(0,), (1,)]
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), rows("D", "U")))
    assert refresh.values("ID") == [(1,)]
