"""Writes files as DMS does: a full load, and changes; a little model says what the table must then hold."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

KEY, PARTITION, AMOUNT, SEQUENCE = "ID", "REGION", "AMOUNT", "CDC_TIMESTAMP_SEQ"
QUANTITY, NOTE = "QUANTITY", "NOTE"
"""The column that the source drops, and the one that it adds."""
FULL_LOAD = "LOAD00000001.parquet"
NO_PARQUET = b"PAR1, but nothing else of Parquet"
REGIONS = 2


@dataclass(frozen=True)
class Change:
    """One changed row; a delete has the row as it was."""

    operation: str
    key: int
    amount: int


def loaded(rows: Mapping[int, int]) -> bytes:
    """A full load of amounts by key."""
    columns = _columns(list(rows), list(rows.values()))
    return _written(columns | {QUANTITY: pa.array(list(rows.values()), pa.int64()), SEQUENCE: _texts(len(rows), "")})


def changed(changes: Sequence[Change], *, with_quantity: bool = True, with_note: bool = False) -> bytes:
    """A file of changes, in the order in which the source committed them."""
    amounts = [change.amount for change in changes]
    columns = {"Op": pa.array([change.operation for change in changes])}
    columns |= _columns([change.key for change in changes], amounts)
    if with_quantity:
        columns[QUANTITY] = pa.array(amounts, pa.int64())
    if with_note:
        columns[NOTE] = _texts(len(changes), "added by the source")
    columns[SEQUENCE] = pa.array([f"{_now():%Y%m%d%H%M%S}00{number:019}" for number in range(len(changes))])
    return _written(columns)


def change_file_name(number: int = 0) -> str:
    """The name that DMS gives a file of changes now; a number tells files of one millisecond apart."""
    return f"{_now():%Y%m%d-%H%M%S}{number:03}.parquet"


def applied(rows: Mapping[int, int], changes: Sequence[Change]) -> dict[int, int]:
    """The rows after the changes."""
    after = dict(rows)
    for change in changes:
        if change.operation == "D":
            del after[change.key]
        else:
            after[change.key] = change.amount
    return after


def _columns(keys: Sequence[int], amounts: Sequence[int]) -> dict[str, pa.Array]:
    return {
        KEY: pa.array(keys, pa.int64()),
        PARTITION: pa.array([f"region {key % REGIONS}" for key in keys]),
        AMOUNT: pa.array(amounts, pa.int64()),
    }


def _texts(count: int, text: str) -> pa.Array:
    return pa.array([text] * count, pa.string())


def _written(columns: Mapping[str, pa.Array]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), buffer)
    return buffer.getvalue()


def _now() -> datetime:
    return datetime.now(UTC)
