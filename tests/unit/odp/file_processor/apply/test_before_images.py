"""DMS's before-images are none of a table's columns; a column of the source is never taken for one (F8)."""

from dataclasses import replace

import pytest
from odp.file_processor.apply.commit_proof import ExistingTable
from odp.file_processor.apply.table_schema import decide_table_columns, name_files
from odp.records import LandedFile, RowHistory
from odp.refresh import RefreshKind, RefreshPlan, TableState

from lake.errors import RejectedInputError, SchemaChangeRefusedError
from lake.tables.columns import BIGINT, INT, Columns, ColumnType, String, column_type
from tests.unit.odp.file_processor.apply.test_table_schema import BASE, CHANGE, HELD, decide, file
from tests.unit.odp.file_processor.landings import Table, change, load
from tests.unit.odp.samples import table_config

LOAD, CHANGED = file("LOAD00000001"), file("20260101-000000006")
IMAGES: Columns = {"BI_ID": BIGINT, "BI_V": INT}
WRITTEN, NONE = table_config(before_images="written"), table_config(before_images="none")
WITHOUT_LOAD = replace(HELD, newest_load="")


def images_of(columns: Columns, **fields: object) -> set[str]:
    refresh = RefreshPlan(RefreshKind.CHANGES, (CHANGED,), (), TableState())
    named = name_files(table_config(**fields), refresh, {CHANGED.file_id: columns}, HELD)[CHANGED.file_id]
    return {image for image, _ in named.before_images.values()}


def test_before_images_of_any_column_are_no_columns_of_the_table() -> None:
    assert decide({CHANGED: {**CHANGE, **IMAGES, "bi_seq": String()}}, HELD) == CHANGE


@pytest.mark.parametrize("held", [WITHOUT_LOAD, None])
def test_before_images_of_a_table_without_a_load_are_told_by_its_configuration(held: ExistingTable | None) -> None:
    columns = {CHANGED: {**CHANGE, **IMAGES}}
    assert decide(columns, held, config=WRITTEN) == CHANGE
    assert decide(columns, held, config=NONE) == {**CHANGE, **IMAGES}
    with pytest.raises(
        RejectedInputError, match=r"s\.t: .*6\.parquet has BI_ID, BI_V, and no full load .* before_images"
    ):
        decide(columns, held)


@pytest.mark.parametrize("before", [19, 30])
def test_changes_that_a_historical_table_takes_before_its_load_are_told_by_its_configuration(before: int) -> None:
    table = Table(RowHistory.ALL)
    refresh = table.select(load(1, 20), change(1, before), change(2, 31), is_all=False)
    columns = {each.file_id: {**CHANGE, **IMAGES} for each in refresh.files}
    assert columns
    assert not any(each.is_load for each in refresh.files)
    config = replace(WRITTEN, history=RowHistory.ALL)
    assert decide_table_columns(config, refresh, columns, None) == CHANGE
    with pytest.raises(
        RejectedInputError,
        match="has BI_ID, BI_V, and is applied before the full load, which waits.*"
        "before_images into the table's manifest: written if .*then the changes are applied first",
    ):
        decide_table_columns(replace(config, before_images="detect"), refresh, columns, None)


def test_table_without_a_load_needs_no_word_of_its_before_images_if_it_has_none() -> None:
    assert decide({CHANGED: {**CHANGE, "BI_V": INT}}, None) == {**CHANGE, "BI_V": INT}
    of_table = replace(WITHOUT_LOAD, columns={**CHANGE, **IMAGES})
    assert decide({CHANGED: {**CHANGE, **IMAGES}}, of_table) == of_table.columns


def test_load_of_the_same_refresh_or_before_the_table_was_emptied_tells_before_images() -> None:
    files = {LOAD: BASE, CHANGED: {**CHANGE, **IMAGES}}
    assert decide(files, kind=RefreshKind.INITIAL).keys() == CHANGE.keys()
    emptied = RefreshPlan(RefreshKind.CHANGES, (CHANGED,), (), TableState(2, load_keys=frozenset({LOAD.key})))
    decided = decide_table_columns(table_config(), emptied, {CHANGED.file_id: {**CHANGE, **IMAGES}}, WITHOUT_LOAD)
    assert decided == CHANGE


def test_task_that_writes_no_before_images_by_its_configuration_has_columns_of_the_source_only() -> None:
    assert decide({CHANGED: {**CHANGE, **IMAGES}}, HELD, config=NONE) == {**CHANGE, **IMAGES}


def test_task_that_begins_or_ends_to_write_before_images_changes_no_schema() -> None:
    later = file("20260101-000000007")
    assert decide({CHANGED: {**CHANGE, **IMAGES}, later: CHANGE}, HELD) == CHANGE
    assert decide({CHANGED: CHANGE, later: {**CHANGE, **IMAGES}}, HELD) == CHANGE


def test_column_named_as_the_before_image_of_no_column_is_the_sources() -> None:
    assert decide({CHANGED: {**CHANGE, **IMAGES, "BI_SCORE": INT}}, HELD) == {**CHANGE, "BI_SCORE": INT}


def test_file_without_the_before_image_of_a_key_has_none() -> None:
    assert decide({CHANGED: {**CHANGE, "BI_V": INT}}, HELD) == {**CHANGE, "BI_V": INT}


def test_one_key_column_with_a_before_image_is_enough() -> None:
    assert images_of({**CHANGE, **IMAGES}, primary_key=("V", "ID")) == {"BI_ID", "BI_V"}
    assert images_of({**CHANGE, "BI_ID": BIGINT}, primary_key=("V", "ID")) == {"BI_ID"}


@pytest.mark.parametrize("own", [{"BI_ID": BIGINT}, {"BI_V": INT}, {"bi_v": INT}, IMAGES])
def test_column_of_a_full_load_is_the_sources(own: Columns) -> None:
    files = {LOAD: {**BASE, **own}, CHANGED: {**CHANGE, **own}}
    assert decide(files, kind=RefreshKind.INITIAL).keys() == {*CHANGE, *own}


def test_column_of_the_sources_in_the_table_stays_one_beside_before_images() -> None:
    held = replace(HELD, columns={**CHANGE, "BI_V": INT})
    assert decide({CHANGED: {**CHANGE, **IMAGES}}, held) == held.columns


def test_before_images_that_an_earlier_release_kept_as_columns_go_with_a_reload() -> None:
    held = replace(HELD, columns={**CHANGE, "BI_V": INT})
    files = {LOAD: BASE, CHANGED: {**CHANGE, **IMAGES}}
    assert decide(files, held, RefreshKind.RELOAD).keys() == CHANGE.keys()
    config = table_config(history=RowHistory.ALL, on_dropped_column="null")
    assert "BI_V" in decide(files, held, RefreshKind.RELOAD, config)


@pytest.mark.parametrize("named", ["primary_key", "partition_key", "change_sequence"])
def test_column_that_the_configuration_names_is_the_sources(named: str) -> None:
    fields = {named: ("ID", "BI_V") if named == "primary_key" else "BI_V"}
    assert images_of({**CHANGE, **IMAGES}, **fields) == {"BI_ID"}


def test_before_images_have_the_sources_names_where_the_tables_are_sanitised() -> None:
    config = replace(WRITTEN, primary_key=("Order ID",), change_sequence=None, column_names="sanitise")
    columns: Columns = {"Op": String(), "Order ID": INT, "A%": INT, "BI_Order ID": INT, "BI_A%": INT}
    refresh = RefreshPlan(RefreshKind.INITIAL, (CHANGED,), (), TableState())
    decided = decide_table_columns(config, refresh, {CHANGED.file_id: columns}, None)
    assert decided.keys() == {"Op", "Order_ID", "A_"}
    with_own: dict[LandedFile, Columns] = {LOAD: {"Order ID": INT, "A%": INT, "BI_A%": INT}, CHANGED: columns}
    assert "BI_A_" in decide(with_own, kind=RefreshKind.INITIAL, config=config)


@pytest.mark.parametrize("type_", [column_type("unsupported: two columns of one name"), INT])
def test_column_of_the_source_beside_its_namesake_of_dms_is_refused_by_name(type_: ColumnType) -> None:
    twice: Columns = {"BI_V": type_} if type_ != INT else {"BI_V": INT, "bi_v": INT}
    with pytest.raises(SchemaChangeRefusedError, match="BI_V"):
        decide({CHANGED: {**CHANGE, "BI_ID": BIGINT, **twice}}, HELD)
