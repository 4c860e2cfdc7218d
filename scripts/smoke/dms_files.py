"""Writes files as DMS does: a full load, and changes; a little model says what the table must then hold."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

KEY, PARTITION, AMOUNT, SEQUENCE = "ID", "REGION", "AMOUNT", "CDC_TIMESTAMP_SEQ"
QUANTITY, NOTE = "QUANTITY", "NOTE"
"""The column that the source drops, and the one that it adds."""
FULL_LOAD = "LOAD00000001.parquet"
NO_PARQUET = b"PAR1, but nothing else of Parquet"
REGIONS = 2
Columns = dict[str, Sequence[int] | Sequence[str]]


@dataclass(frozen=True)
class Change:
    """One changed row; a delete has the row as it was."""

    operation: str
    key: int
    amount: int


def loaded(rows: Mapping[int, int]) -> bytes:
    """A full load of amounts by key."""
    amounts = list(rows.values())
    return _written({**_columns(list(rows), amounts), QUANTITY: amounts, SEQUENCE: [""] * len(rows)})


def changed(changes: Sequence[Change], *, with_quantity: bool = True, with_note: bool = False) -> bytes:
    """A file of changes, in the order in which the source committed them."""
    amounts = [change.amount for change in changes]
    columns: Columns = {"Op": [change.operation for change in changes]}
    columns |= _columns([change.key for change in changes], amounts)
    if with_quantity:
        columns[QUANTITY] = amounts
    if with_note:
        columns[NOTE] = ["added by the source"] * len(changes)
    columns[SEQUENCE] = [f"{_now():%Y%m%d%H%M%S}00{number:019}" for number in range(len(changes))]
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


def _columns(keys: Sequence[int], amounts: Sequence[int]) -> Columns:
    return {KEY: keys, PARTITION: [f"region {key % REGIONS}" for key in keys], AMOUNT: amounts}


def _written(columns: Columns) -> bytes:
    """Arrow is slow to import, and no other command of the scripts wants it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _now() -> datetime:
    return datetime.now(UTC)
