"""What a configuration means to a table format: the definition of the table, and the kind of each refresh's change."""

from dataclasses import replace

import pytest
from odp.file_processor.apply.table_format import bound_columns, change_kind, definition_of, format_of
from odp.file_processor.apply.technical_columns import record_key, technical_columns
from odp.records import RowHistory
from odp.refresh import RefreshKind, RefreshPlan, TableState

from lake.errors import RejectedInputError
from lake.tables.change import ChangeKind
from tests.unit.odp.samples import table_config

SNAPSHOT = table_config()
HISTORICAL = replace(SNAPSHOT, history=RowHistory.ALL)


@pytest.mark.parametrize(
    ("kind", "of_snapshot", "of_historical"),
    [
        (RefreshKind.INITIAL, ChangeKind.MERGE, ChangeKind.MERGE),
        (RefreshKind.CHANGES, ChangeKind.MERGE, ChangeKind.MERGE),
        (RefreshKind.RELOAD, ChangeKind.REPLACE, ChangeKind.MERGE),
        (RefreshKind.EMPTY, ChangeKind.REPLACE, ChangeKind.MERGE),
    ],
)
def test_rule_7_only_a_snapshot_table_is_replaced(
    kind: RefreshKind, of_snapshot: ChangeKind, of_historical: ChangeKind
) -> None:
    refresh = RefreshPlan(kind, (), (), TableState())
    assert change_kind(SNAPSHOT, refresh) is of_snapshot
    assert change_kind(HISTORICAL, refresh) is of_historical


def test_snapshot_table_deletes_and_historical_table_keeps_deletes_under_a_key_with_the_version() -> None:
    assert definition_of(SNAPSHOT).delete_marker == ("Op", "D")
    assert definition_of(HISTORICAL).delete_marker is None
    assert record_key(HISTORICAL) == "_odp_key"
    assert technical_columns(HISTORICAL) == ("_odp_key", "_odp_version")


@pytest.mark.parametrize(("keys", "record_key"), [(("ID",), "ID"), (("ID", "LINE"), "_odp_key")])
def test_record_key_is_one_column_which_is_a_technical_one_for_several_keys(
    keys: tuple[str, ...], record_key: str
) -> None:
    definition = definition_of(replace(SNAPSHOT, primary_key=keys))
    assert (definition.record_key, definition.key_columns) == (record_key, keys)


def test_definition_has_the_tables_names_of_columns() -> None:
    config = table_config(primary_key=("Order ID",), partition_key="P°", column_names="sanitise")
    definition = definition_of(config)
    assert (definition.record_key, definition.partition_column) == ("Order_ID", "P_")
    assert bound_columns(config) == {"Order_ID", "P_"}


def test_format_that_this_release_does_not_write_is_refused_by_name() -> None:
    with pytest.raises(RejectedInputError, match="'delta', which this release does not write; name one of hudi"):
        format_of(table_config(table_format="delta"))
