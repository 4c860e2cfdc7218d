"""Rule 10: the schema of a table after a refresh, from its files in the source's order and the table in its place."""

from collections.abc import Mapping

import pytest
from odp.errors import RejectedInputError, SchemaChangeRefusedError
from odp.file_processor.table_schema import HeldTable, decide_table_columns
from odp.records import FileType, LandedFile, RawTableConfig, VersioningType
from odp.refreshes import Refresh, RefreshKind, TableState

from tests.unit.odp.samples import table_config

BASE = {"ID": "bigint", "V": "int"}
CHANGE = {"Op": "string", **BASE, "SEQ": "string"}
WIDE = {**CHANGE, "V": "bigint", "NOTE": "string"}
HELD = HeldTable(CHANGE, TableState(1, frozenset({"s/t/LOAD00000001.parquet"}), "20260101-000000005.parquet"))


def file(name: str, landed_at: str = "") -> LandedFile:
    file_type = FileType.FULL_LOAD if name.startswith("LOAD") else FileType.CHANGES
    return LandedFile("s.t", name, file_type, "s", "t", "b", f"s/t/{name}.parquet", 1, "", landed_at or name)


def decide(
    columns: Mapping[LandedFile, Mapping[str, str]],
    held: HeldTable | None = None,
    kind: RefreshKind = RefreshKind.CHANGES,
    config: RawTableConfig | None = None,
) -> dict[str, str]:
    refresh = Refresh(kind, tuple(columns), (), (), TableState())
    by_id = {file.file_id: found for file, found in columns.items()}
    return decide_table_columns(config or table_config(), refresh, by_id, held)


def test_rule_10_full_load_gets_the_columns_that_only_changes_have() -> None:
    files = {file("LOAD00000001"): BASE, file("20260101-000000001"): {**CHANGE, "SEQ": "bigint"}}
    assert decide(files, kind=RefreshKind.INITIAL) == {**BASE, "Op": "string", "SEQ": "bigint"}
    assert decide({file("LOAD00000001"): BASE}, kind=RefreshKind.INITIAL) == {**BASE, "Op": "string", "SEQ": "string"}


def test_rule_10_ordering_of_a_full_load_gives_way_to_that_of_the_changes() -> None:
    files = {file("LOAD00000001"): {**BASE, "SEQ": "timestamp"}, file("20260101-000000001"): CHANGE}
    assert decide(files, kind=RefreshKind.INITIAL)["SEQ"] == "string"
    assert decide({file("LOAD00000001"): {**BASE, "SEQ": "timestamp"}}, kind=RefreshKind.INITIAL)["SEQ"] == "timestamp"


def test_rule_10_newer_file_continues_the_table_and_an_older_one_is_continued_by_it() -> None:
    assert decide({file("20260101-000000006"): WIDE}, HELD) == WIDE
    assert decide({file("20260101-000000004"): CHANGE}, HeldTable(WIDE, HELD.state)) == WIDE


def test_rule_10_newer_file_with_an_older_schema_is_refused() -> None:
    with pytest.raises(SchemaChangeRefusedError) as refused:
        decide({file("20260101-000000006"): CHANGE}, HeldTable(WIDE, HELD.state))
    assert refused.value.problems == [
        "column V is bigint in the table, but int in s3://b/s/t/20260101-000000006.parquet",
        "column NOTE (string in the table) is missing in s3://b/s/t/20260101-000000006.parquet",
    ]


def test_rule_10_older_file_with_a_newer_schema_is_refused() -> None:
    with pytest.raises(SchemaChangeRefusedError, match="is missing in the table"):
        decide({file("20260101-000000004"): WIDE}, HELD)


def test_rule_10_old_and_new_files_come_together_in_any_order() -> None:
    files = {file("20260101-000000007"): WIDE, file("20260101-000000004"): CHANGE, file("20260101-000000006"): CHANGE}
    assert decide(files, HELD) == WIDE


def test_rule_10_later_part_of_a_load_continues_the_parts_that_are_in_the_table() -> None:
    held = HeldTable(CHANGE, TableState(1, frozenset({"s/t/LOAD00000001.parquet"}), ""))
    assert decide({file("LOAD00000002"): {**BASE, "NOTE": "string"}}, held) == {**CHANGE, "NOTE": "string"}


def test_rule_10_reload_need_not_continue_the_table() -> None:
    reload = {"ID": "bigint", "V": "string"}
    columns = decide({file("LOAD00000001"): reload}, HeldTable(WIDE, HELD.state), RefreshKind.RELOAD)
    assert columns == {**reload, "Op": "string", "SEQ": "string"}


def test_rule_10_historical_table_that_is_loaded_again_continues_the_table_and_the_changes_before() -> None:
    config = table_config(table_data_versioning_type=VersioningType.HISTORICAL)
    loaded = {**BASE, "NOTE": "string"}
    files = {
        file("20260101-000000006", "1"): CHANGE,
        file("LOAD00000001", "2"): loaded,
        file("20260101-000000007", "3"): {**CHANGE, "NOTE": "string"},
    }
    assert decide(files, HELD, config=config) == {**CHANGE, "NOTE": "string"}


def test_rule_10_historical_table_that_begins_with_changes_takes_the_schema_of_its_first_load_after_theirs() -> None:
    config = table_config(table_data_versioning_type=VersioningType.HISTORICAL)
    loaded = {**BASE, "NOTE": "string"}
    changed, load = file("20260101-000000006", "1"), file("LOAD00000001", "2")
    assert decide({load: loaded, changed: CHANGE}, config=config).keys() == {*CHANGE, "NOTE"}
    held = HeldTable(CHANGE, TableState(1, newest_change_file=changed.name, changes_until=changed.moment))
    assert decide({load: loaded}, held, config=config).keys() == {*CHANGE, "NOTE"}


def test_rule_10_refusal_names_the_table_and_the_way_out_of_it() -> None:
    files = {file("20260101-000000006"): {**CHANGE, "V": "string"}}
    with pytest.raises(SchemaChangeRefusedError, match=r"^s\.t: .*column V is int .* reload the table in DMS"):
        decide(files, HELD)
    with pytest.raises(SchemaChangeRefusedError, match="replicate the table into a new raw_table_name"):
        decide(files, HELD, config=table_config(table_data_versioning_type=VersioningType.HISTORICAL))


@pytest.mark.parametrize("missing", ["ID", "V", "Op", "SEQ"])
def test_file_without_a_column_that_the_refresh_needs_is_rejected_by_name(missing: str) -> None:
    columns = {name: type_ for name, type_ in CHANGE.items() if name != missing}
    with pytest.raises(RejectedInputError, match=rf"s3://b/s/t/20260101-000000006\.parquet has no column {missing} "):
        decide({file("20260101-000000006"): columns}, HELD, config=table_config(hudi_partition_key="V"))
