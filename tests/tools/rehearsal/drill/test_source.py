"""The drill's source: what its files say, applied by a reader of the test's own, is what its rows are."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any

import pyarrow.parquet as pq
import pytest

from rehearsal.drill.source import DrillTable, SourceFile, drill_tables
from rehearsal.drill.writer import SourceWriter, Target

_seconds = count()


def clock() -> datetime:
    return datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=next(_seconds))


def rows_of(file: SourceFile) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(BytesIO(file.body)).to_pylist()
    return rows


def applied(files: list[SourceFile]) -> dict[int, dict[str, Any]]:
    """Apply a load and the changes after it, in their order."""
    there: dict[int, dict[str, Any]] = {}
    for file in files:
        for row in rows_of(file):
            operation, before = row.pop("Op", "I"), row.pop("BI_ID", None)
            row.pop("CDC_TIMESTAMP_SEQ")
            there.pop(row["ID"] if before is None else before, None)
            if operation != "D":
                there[row["ID"]] = row
    return there


@pytest.fixture
def table() -> DrillTable:
    (table,) = drill_tables(1, rows=[50], seed=3, clock=clock)
    return table


def test_load_and_changes_make_the_rows_of_the_source(table: DrillTable) -> None:
    files = list(table.load())
    for _ in range(20):
        table.change(20)
        if file := table.changes():
            files.append(file)
    assert applied(files) == table.rows
    operations = [row["Op"] for file in files[1:] for row in rows_of(file)]
    moved = [row for file in files[1:] for row in rows_of(file) if row["BI_ID"] not in (None, row["ID"])]
    assert {"I", "U", "D"} == set(operations)
    assert moved


def test_nothing_changed_makes_no_file(table: DrillTable) -> None:
    assert table.changes() is None


def test_the_same_seed_makes_the_same_rows() -> None:
    first, again, other = (drill_tables(2, rows=[20, 30], seed=seed, clock=clock) for seed in (1, 1, 2))
    assert [table.rows for table in first] == [table.rows for table in again] != [table.rows for table in other]
    assert [len(table.rows) for table in first] == [20, 30]


class Bucket:
    """Takes objects until it is unreachable."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.is_reachable = True

    def put_object(self, **request: Any) -> None:
        if not self.is_reachable:
            raise OSError("unreachable")
        self.taken.append((request["Key"], request["Body"]))


def test_what_the_source_is_not_sure_of_is_written_again_under_the_same_names(table: DrillTable) -> None:
    here, there = Bucket(), Bucket()
    writer = SourceWriter([table], Target("here", "staging", here), seconds=0.01, changes=5)
    writer.load()
    writer.write_changes()
    sure = len(writer.written)
    writer.write_changes()
    again = writer.go_on_in(Target("there", "staging", there), unsure_since=writer.written[sure].at)
    writer.write_changes()
    assert again == len(writer.written) - sure - 2 == 1
    assert there.taken[0] == here.taken[-1]
    files = [*here.taken[:sure], *there.taken]
    assert applied([SourceFile("t1", key, body) for key, body in files]) == table.rows
