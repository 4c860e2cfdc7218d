import pyarrow as pa
import pytest

from rehearsal.source.database import SourceTable
from rehearsal.validation.comparison import Reconciliation, reconcile
from rehearsal.validation.lake import LakeTableError

ROWS = pa.table({"PK_ID": [1, 2], "fare": [1.0, None]})
TABLES = [SourceTable(f"table_{number}", ROWS.schema) for number in (1, 2, 3)]


def source(_: str) -> pa.Table:
    return ROWS


def test_equal_tables_pass() -> None:
    found = reconcile(TABLES, read_source=source, read_lake=source)
    assert found.has_passed
    assert [table.table for table in found.tables] == ["table_1", "table_2", "table_3"]
    assert (found.difference_count, list(found.differences)) == (0, [])


@pytest.mark.parametrize("tables", [[], ()])
def test_no_tables_never_pass(tables: list[SourceTable]) -> None:
    assert not reconcile(tables, read_source=source, read_lake=source).has_passed
    assert not Reconciliation(()).has_passed


def test_empty_tables_never_pass() -> None:
    def nothing(_: str) -> pa.Table:
        return ROWS.slice(0, 0)

    assert not reconcile(TABLES, read_source=nothing, read_lake=nothing).has_passed


def test_a_table_the_lake_lacks_fails_without_hiding_the_others() -> None:
    def lake(name: str) -> pa.Table:
        if name == "table_2":
            raise LakeTableError("table_2 is not there")
        return ROWS if name == "table_1" else ROWS.slice(1)

    found = reconcile(TABLES, read_source=source, read_lake=lake)
    assert not found.has_passed
    assert [table.is_identical for table in found.tables] == [True, False, False]
    assert [(d.table, d.lake) for d in found.differences] == [
        ("table_2", "table_2 is not there"),
        ("table_3", "missing"),
    ]
    assert found.difference_count == 2
