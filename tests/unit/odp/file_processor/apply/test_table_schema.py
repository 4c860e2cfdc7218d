"""Rule 10: the schema after a refresh follows from files and table in the source's order."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from odp.file_processor.apply.commit_proof import ExistingTable
from odp.file_processor.apply.table_schema import decide_table_columns
from odp.records import FileType, LandedFile, RawTableConfig, RowHistory
from odp.refresh import RefreshKind, RefreshPlan, TableState

from lake.errors import RejectedInputError, SchemaChangeRefusedError
from lake.tables.columns import BIGINT, INT, Columns, String, Timestamp, column_type
from tests.unit.odp.samples import table_config

BASE: Columns = {"ID": BIGINT, "V": INT}
CHANGE: Columns = {"Op": String(), **BASE, "SEQ": String()}
WIDE: Columns = {**CHANGE, "V": BIGINT, "NOTE": String()}
HELD = ExistingTable(CHANGE, "LOAD00000001.parquet", "20260101-000000005.parquet")
HELD_WIDE = replace(HELD, columns=WIDE)


def file(name: str, landed_at: str = "") -> LandedFile:
    file_type = FileType.FULL_LOAD if name.startswith("LOAD") else FileType.CHANGES
    return LandedFile("s.t", name, file_type, "s", "t", "b", f"s/t/{name}.parquet", 1, "", landed_at or name)


def decide(
    columns: Mapping[LandedFile, Columns],
    held: ExistingTable | None = None,
    kind: RefreshKind = RefreshKind.CHANGES,
    config: RawTableConfig | None = None,
) -> Columns:
    refresh = RefreshPlan(kind, tuple(columns), (), TableState())
    by_id = {file.file_id: found for file, found in columns.items()}
    return decide_table_columns(config or table_config(), refresh, by_id, held)


def test_rule_10_full_load_gets_the_columns_that_only_changes_have() -> None:
    files = {file("LOAD00000001"): BASE, file("20260101-000000001"): {**CHANGE, "SEQ": BIGINT}}
    assert decide(files, kind=RefreshKind.INITIAL) == {**BASE, "Op": String(), "SEQ": BIGINT}
    assert decide({file("LOAD00000001"): BASE}, kind=RefreshKind.INITIAL) == {**BASE, "Op": String(), "SEQ": String()}


def test_rule_10_ordering_of_a_full_load_gives_way_to_that_of_the_changes() -> None:
    files = {file("LOAD00000001"): {**BASE, "SEQ": Timestamp()}, file("20260101-000000001"): CHANGE}
    assert decide(files, kind=RefreshKind.INITIAL)["SEQ"] == String()
    assert decide({file("LOAD00000001"): {**BASE, "SEQ": Timestamp()}}, kind=RefreshKind.INITIAL)["SEQ"] == Timestamp()


def test_rule_10_newer_file_continues_the_table_and_an_older_one_is_continued_by_it() -> None:
    assert decide({file("20260101-000000006"): WIDE}, HELD) == WIDE
    assert decide({file("20260101-000000004"): CHANGE}, HELD_WIDE) == WIDE


def test_rule_10_newer_file_with_an_older_schema_is_refused() -> None:
    with pytest.raises(SchemaChangeRefusedError) as refused:
        decide({file("20260101-000000006"): CHANGE}, HELD_WIDE)
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
    held = replace(HELD, newest_change="")
    assert decide({file("LOAD00000002"): {**BASE, "NOTE": String()}}, held) == {**CHANGE, "NOTE": String()}


def test_rule_10_reload_need_not_continue_the_table() -> None:
    reload = {"ID": BIGINT, "V": String()}
    columns = decide({file("LOAD00000001"): reload}, HELD_WIDE, RefreshKind.RELOAD)
    assert columns == {**reload, "Op": String(), "SEQ": String()}


def test_rule_10_reload_of_a_historical_table_continues_the_table_and_changes_after_it_continue_the_load() -> None:
    config = table_config(history=RowHistory.ALL)
    loaded = {**BASE, "NOTE": String()}
    files = {file("LOAD00000001"): loaded, file("20260101-000000007"): {**CHANGE, "NOTE": String()}}
    assert decide(files, HELD, RefreshKind.RELOAD, config) == {**CHANGE, "NOTE": String()}
    with pytest.raises(SchemaChangeRefusedError, match="column NOTE .string in the table. is missing in "):
        decide({file("LOAD00000001"): BASE}, HELD_WIDE, RefreshKind.RELOAD, config)


@pytest.mark.parametrize("again", ["20260101-000000005", "20260101-000000004", "20260101-000000006"])
def test_rule_10_reload_of_a_historical_table_that_comes_late_is_continued_by_the_changes_in_the_table(
    again: str,
) -> None:
    config = table_config(history=RowHistory.ALL)
    load, change = file("LOAD00000001"), file(again)
    late = RefreshPlan(RefreshKind.RELOAD, (load, change), (), TableState(), is_late_reload=True)
    assert decide_table_columns(config, late, {load.file_id: BASE, change.file_id: WIDE}, HELD_WIDE) == WIDE


@pytest.mark.parametrize(("landed_at", "is_before"), [("2026-01-01T00:00:09Z", True), ("2026-01-01T00:00:11Z", False)])
def test_rule_10_late_change_of_a_historical_table_from_before_the_load_in_it_is_continued_by_that(
    landed_at: str, *, is_before: bool
) -> None:
    """Without a change in the table its load had counted as older than any change, and the change waited for ever."""
    config, held = table_config(history=RowHistory.ALL), ExistingTable(WIDE, "LOAD00000001.parquet")
    change = file("20260101-000000001", landed_at)
    state = TableState(generation=1, load_landing_order="2026-01-01T00:00:10Z/0")
    late = RefreshPlan(RefreshKind.CHANGES, (change,), (), state)
    if is_before:
        assert decide_table_columns(config, late, {change.file_id: CHANGE}, held) == WIDE
        return
    with pytest.raises(SchemaChangeRefusedError, match="column V is bigint in the table, but int"):
        decide_table_columns(config, late, {change.file_id: CHANGE}, held)


def test_rule_10_late_part_of_a_load_comes_before_the_changes_that_the_table_holds() -> None:
    assert decide({file("LOAD00000002"): BASE}, HELD_WIDE) == WIDE


def test_rule_10_dropped_column_stays_if_the_policy_says_so_and_comes_back_in_its_type_only() -> None:
    config = table_config(on_dropped_column="null")
    dropped = {name: type_ for name, type_ in CHANGE.items() if name != "V"}
    assert decide({file("20260101-000000006"): dropped}, HELD_WIDE, config=config) == WIDE
    again = {file("20260101-000000006"): dropped, file("20260101-000000007"): {**CHANGE, "V": String()}}
    with pytest.raises(SchemaChangeRefusedError, match="column V is bigint in .*, but string in "):
        decide(again, HELD_WIDE, config=config)


@pytest.mark.parametrize("dropped", ["ID", "V"])
def test_key_or_partition_column_is_never_dropped(dropped: str) -> None:
    columns = {name: type_ for name, type_ in CHANGE.items() if name != dropped}
    config = table_config(on_dropped_column="null", partition_key="V")
    with pytest.raises(RejectedInputError, match=f"has no column {dropped} "):
        decide({file("20260101-000000006"): columns}, HELD, config=config)


@pytest.mark.parametrize("name", ["_odp_row", "_ODP_key", "_hoodie_record_key", "_metadata", "_Metadata"])
@pytest.mark.parametrize("policy", ["refuse", "sanitise"])
def test_source_column_with_a_technical_name_is_refused_by_name(name: str, policy: str) -> None:
    with pytest.raises(
        SchemaChangeRefusedError, match=f"column '{name}' of s3://b/s/t/LOAD00000001.parquet has a name"
    ):
        decide({file("LOAD00000001"): {**BASE, name: INT}}, config=table_config(column_names=policy))


@pytest.mark.parametrize("name", ["$odp_key", "#odp_file", "$Hoodie_record_key", "#tmp_metadata_x", "$metadata"])
@pytest.mark.parametrize("landed", ["LOAD00000001", "20260101-000000006"])
def test_name_that_becomes_a_technical_one_is_refused_by_both_names_with_the_way_out(name: str, landed: str) -> None:
    sanitised = "_" + name[1:]
    with pytest.raises(
        SchemaChangeRefusedError, match=f"column '\\{name}' of .* would be '{sanitised}', .* at the source"
    ):
        decide({file(landed): {**CHANGE, name: INT}}, config=table_config(column_names="sanitise"))


@pytest.mark.parametrize("name", ["op", "OP", "oP"])
@pytest.mark.parametrize("landed", ["LOAD00000001", "20260101-000000006"])
def test_source_column_named_as_the_operation_in_another_case_is_refused_by_name(name: str, landed: str) -> None:
    with pytest.raises(SchemaChangeRefusedError, match=f"column '{name}' of .* has the name of the column 'Op'"):
        decide({file(landed): {**CHANGE, name: String()}})


def test_operation_that_a_file_has_twice_is_refused_by_name() -> None:
    with pytest.raises(SchemaChangeRefusedError, match="column 'Op' of .* two columns of one name"):
        decide({file("20260101-000000006"): {**CHANGE, "Op": column_type("unsupported: two columns of one name")}})


def test_change_file_without_operations_names_the_settings_that_leave_them_out() -> None:
    columns = {name: type_ for name, type_ in CHANGE.items() if name != "Op"}
    with pytest.raises(RejectedInputError, match="CdcInsertsOnly or CdcInsertsAndUpdates.*IncludeOpForFullLoad"):
        decide({file("20260101-000000006"): columns})


def test_name_that_tables_cannot_have_is_refused_or_made_one_by_the_policy() -> None:
    columns = {**BASE, "QTY ": INT, "2nd": INT}
    with pytest.raises(SchemaChangeRefusedError, match="column 'QTY ' of "):
        decide({file("LOAD00000001"): columns})
    sanitised = decide({file("LOAD00000001"): columns}, config=table_config(column_names="sanitise"))
    assert {"QTY_", "_2nd"} <= sanitised.keys()


def test_names_that_would_become_one_are_refused_by_name() -> None:
    columns = {**BASE, "A B": INT, "a_b": INT}
    with pytest.raises(SchemaChangeRefusedError, match="columns 'A B' and 'a_b' of .* would both be a_b"):
        decide({file("LOAD00000001"): columns}, config=table_config(column_names="sanitise"))


SANITISED = table_config(column_names="sanitise", on_dropped_column="null")
OF_A_B = replace(HELD, columns={**CHANGE, "A_B": INT}, source_names={"A_B": "A B"})


@pytest.mark.parametrize("landed", ["20260101-000000004", "20260101-000000006"])
@pytest.mark.parametrize(
    ("held", "name"),
    [(OF_A_B, "A_B"), (OF_A_B, "A-B"), (replace(OF_A_B, source_names={}), "A B")],
)
def test_column_that_would_become_another_one_of_the_table_is_refused_by_both_names(
    held: ExistingTable, name: str, landed: str
) -> None:
    before = dict(held.source_names or {}).get("A_B", "A_B")
    with pytest.raises(SchemaChangeRefusedError, match=f"columns '{before}' of the table and '{name}' of .*{landed}"):
        decide({file(landed): {**CHANGE, name: INT}}, held, config=SANITISED)


@pytest.mark.parametrize("versioning", RowHistory)
def test_table_whose_commits_recorded_no_sources_names_takes_the_columns_that_made_its_own(
    versioning: RowHistory,
) -> None:
    """An earlier release sanitised names and did not record them."""
    held = replace(OF_A_B, source_names=None)
    config = replace(SANITISED, history=versioning)
    assert decide({file("20260101-000000006"): {**CHANGE, "A B": INT}}, held, config=config) == held.columns
    files = {file(f"20260101-00000000{each}"): {**CHANGE, name: INT} for each, name in ((6, "A B"), (7, "A-B"))}
    with pytest.raises(SchemaChangeRefusedError, match="columns 'A B' of .*6.* and 'A-B' of .* would both be A_B"):
        decide(files, held, config=config)


def test_column_with_the_name_that_the_table_gave_another_is_refused_with_the_way_out() -> None:
    """DMS shows a renamed column as it shows one that was dropped and another that was added."""
    with pytest.raises(SchemaChangeRefusedError, match="if it is the same column.*name that the table does not have"):
        decide({file("20260101-000000006"): {**CHANGE, "A_B": INT}}, OF_A_B, config=SANITISED)
    renamed = {file("20260101-000000006"): {**CHANGE, "A_B2": INT}}
    assert decide(renamed, OF_A_B, config=SANITISED).keys() == {*OF_A_B.columns, "A_B2"}


def test_column_that_would_become_one_of_another_file_is_refused_by_both_names() -> None:
    files = {file("LOAD00000001"): {**BASE, "A B": INT}, file("20260101-000000006"): {**CHANGE, "A_B": INT}}
    with pytest.raises(SchemaChangeRefusedError, match="columns 'A B' of .*LOAD00000001.* and 'A_B' of .* would both"):
        decide(files, kind=RefreshKind.INITIAL, config=SANITISED)


def test_sanitised_column_goes_on_in_later_files_and_is_any_other_one_after_a_reload() -> None:
    assert decide({file("20260101-000000006"): {**CHANGE, "A B": INT}}, OF_A_B, config=SANITISED) == OF_A_B.columns
    reload = {file("LOAD00000001"): {**BASE, "A_B": String()}}
    assert decide(reload, OF_A_B, RefreshKind.RELOAD, SANITISED)["A_B"] == String()


def test_keys_of_a_sanitised_table_are_configured_by_the_sources_names() -> None:
    config = table_config(primary_key=("Order ID",), partition_key="P°", column_names="sanitise")
    assert {"Order_ID", "P_"} <= decide({file("LOAD00000001"): {"Order ID": INT, "P°": String()}}, config=config).keys()


@pytest.mark.parametrize(
    ("landed", "columns"),
    [("LOAD00000001", {**BASE, "seq": String()}), ("20260101-000000006", {**CHANGE, "Seq": INT})],
)
def test_column_named_as_the_change_sequence_in_another_case_is_refused_by_name(landed: str, columns: Columns) -> None:
    *_, name = columns
    with pytest.raises(SchemaChangeRefusedError, match=f"column '{name}' of .*{landed}.* from 'SEQ'"):
        decide({file(landed): columns})
    with pytest.raises(SchemaChangeRefusedError, match=f"column '{name}' of the table .* from 'SEQ'"):
        decide({file("20260101-000000006"): CHANGE}, replace(HELD, columns={**BASE, name: String(), "Op": String()}))


def test_table_without_a_change_sequence_needs_none() -> None:
    changed = {name: type_ for name, type_ in CHANGE.items() if name != "SEQ"}
    config = table_config(change_sequence=None)
    assert decide({file("LOAD00000001"): BASE, file("20260101-000000006"): changed}, config=config) == changed


def test_rule_10_refusal_names_the_table_and_the_way_out_of_it() -> None:
    files = {file("20260101-000000006"): {**CHANGE, "V": String()}}
    with pytest.raises(SchemaChangeRefusedError, match=r"^s\.t: .*column V is int .* load the table again in DMS"):
        decide(files, HELD)
    with pytest.raises(SchemaChangeRefusedError, match="replicate the table into a new raw_table_name"):
        decide(files, HELD, config=table_config(history=RowHistory.ALL))


@pytest.mark.parametrize("missing", ["ID", "V", "Op", "SEQ"])
def test_file_without_a_column_that_the_refresh_needs_is_rejected_by_name(missing: str) -> None:
    columns = {name: type_ for name, type_ in CHANGE.items() if name != missing}
    with pytest.raises(RejectedInputError, match=rf"s3://b/s/t/20260101-000000006\.parquet has no column {missing} "):
        decide({file("20260101-000000006"): columns}, HELD, config=table_config(partition_key="V"))
