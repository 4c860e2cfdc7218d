"""DMS's before-images are none of a table's columns; a column of the source is never taken for one (F8)."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from odp.errors import SchemaChangeRefusedError
from odp.file_processor.table_schema import HeldTable, decide_table_columns, name_files
from odp.records import VersioningType
from odp.refreshes import Refresh, RefreshKind, TableState

from tests.unit.odp.file_processor.test_table_schema import BASE, CHANGE, HELD, decide, file
from tests.unit.odp.samples import table_config

LOAD, CHANGED = file("LOAD00000001"), file("20260101-000000006")
IMAGES = {"BI_ID": "bigint", "BI_V": "int"}


def images_of(columns: Mapping[str, str], **fields: object) -> set[str]:
    refresh = Refresh(RefreshKind.CHANGES, (CHANGED,), (), TableState())
    named = name_files(table_config(**fields), refresh, {CHANGED.file_id: columns}, HELD)[CHANGED.file_id]
    return {image for image, _ in named.before_images.values()}


@pytest.mark.parametrize("held", [HELD, None])
def test_before_images_of_any_column_are_no_columns_of_the_table(held: HeldTable | None) -> None:
    assert decide({CHANGED: {**CHANGE, **IMAGES, "bi_seq": "string"}}, held) == CHANGE


def test_task_that_begins_or_ends_to_write_before_images_changes_no_schema() -> None:
    later = file("20260101-000000007")
    assert decide({CHANGED: {**CHANGE, **IMAGES}, later: CHANGE}, HELD) == CHANGE
    assert decide({CHANGED: CHANGE, later: {**CHANGE, **IMAGES}}, HELD) == CHANGE


def test_column_named_as_the_before_image_of_no_column_is_the_sources() -> None:
    assert decide({CHANGED: {**CHANGE, **IMAGES, "BI_SCORE": "int"}}, HELD) == {**CHANGE, "BI_SCORE": "int"}


def test_file_without_the_before_image_of_a_key_has_none() -> None:
    assert decide({CHANGED: {**CHANGE, "BI_V": "int"}}, HELD) == {**CHANGE, "BI_V": "int"}


def test_one_key_column_with_a_before_image_is_enough() -> None:
    assert images_of({**CHANGE, **IMAGES}, hudi_primary_key=("V", "ID")) == {"BI_ID", "BI_V"}
    assert images_of({**CHANGE, "BI_ID": "bigint"}, hudi_primary_key=("V", "ID")) == {"BI_ID"}


@pytest.mark.parametrize("own", [{"BI_ID": "bigint"}, {"BI_V": "int"}, {"bi_v": "int"}, IMAGES])
def test_column_of_a_full_load_is_the_sources(own: Mapping[str, str]) -> None:
    files = {LOAD: {**BASE, **own}, CHANGED: {**CHANGE, **own}}
    assert decide(files, kind=RefreshKind.INITIAL).keys() == {*CHANGE, *own}


def test_column_of_the_sources_in_the_table_stays_one_beside_before_images() -> None:
    held = replace(HELD, columns={**CHANGE, "BI_V": "int"})
    assert decide({CHANGED: {**CHANGE, **IMAGES}}, held) == held.columns


def test_before_images_that_an_earlier_release_kept_as_columns_go_with_a_reload() -> None:
    held = replace(HELD, columns={**CHANGE, "BI_V": "int"})
    files = {LOAD: BASE, CHANGED: {**CHANGE, **IMAGES}}
    assert decide(files, held, RefreshKind.RELOAD).keys() == CHANGE.keys()
    config = table_config(table_data_versioning_type=VersioningType.HISTORICAL, on_dropped_column="null")
    assert "BI_V" in decide(files, held, RefreshKind.RELOAD, config)


@pytest.mark.parametrize("named", ["hudi_primary_key", "hudi_partition_key", "hudi_precombine_field"])
def test_column_that_the_configuration_names_is_the_sources(named: str) -> None:
    fields = {named: ("ID", "BI_V") if named == "hudi_primary_key" else "BI_V"}
    assert images_of({**CHANGE, **IMAGES}, **fields) == {"BI_ID"}


def test_before_images_have_the_sources_names_where_the_tables_are_sanitised() -> None:
    config = table_config(hudi_primary_key=("Order ID",), hudi_precombine_field=None, column_names="sanitise")
    columns = {"Op": "string", "Order ID": "int", "A%": "int", "BI_Order ID": "int", "BI_A%": "int"}
    refresh = Refresh(RefreshKind.INITIAL, (CHANGED,), (), TableState())
    decided = decide_table_columns(config, refresh, {CHANGED.file_id: columns}, None)
    assert decided.keys() == {"Op", "Order_ID", "A_"}
    with_own = {LOAD: {"Order ID": "int", "A%": "int", "BI_A%": "int"}, CHANGED: columns}
    assert "BI_A_" in decide(with_own, kind=RefreshKind.INITIAL, config=config)


@pytest.mark.parametrize("type_", ["unsupported: two columns of one name", "int"])
def test_column_of_the_source_beside_its_namesake_of_dms_is_refused_by_name(type_: str) -> None:
    twice = {"BI_V": type_} if type_ != "int" else {"BI_V": "int", "bi_v": "int"}
    with pytest.raises(SchemaChangeRefusedError, match="BI_V"):
        decide({CHANGED: {**CHANGE, "BI_ID": "bigint", **twice}}, HELD)
