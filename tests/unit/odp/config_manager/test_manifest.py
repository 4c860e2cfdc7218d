"""Manifests are taken whole or refused whole, each problem named by file, entry and field."""

import json
from pathlib import Path
from typing import Any

import pytest
from odp.config_manager.cadence import schedule_expression
from odp.config_manager.deployment import PhysicalNames
from odp.config_manager.manifest import load_manifests, parse_manifests
from odp.configuration import item_of, raw_table_config_of
from odp.errors import ManifestError
from odp.records import RawTableConfig, RowHistory

BATCH = {
    "refresh_cadence": "10_min_refresh",
    "datalake_format": "hudi",
    "glue_job_name": "odpf_file_processor",
    "glue_job_worker_type": "G.1X",
    "glue_job_max_workers": 10,
    "refresh_tables_batch_size": 5,
}
TABLE = {
    "refresh_cadence": "10_min_refresh",
    "source_table_name": "sales.orders",
    "hudi_primary_key": "ID, LINE",
    "hudi_partition_key": "",
    "hudi_precombine_field": "SEQ",
    "hudi_table_type": "copy_on_write",
    "table_data_versioning_type": "H",
    "table_storage_type": "hudi",
    "is_active": "N",
    "raw_database_name": "sales_raw",
    "raw_database_S3_bucket": "raw",
    "raw_table_name": "orders",
}


def documents(batches: list[Any] | None = None, tables: list[Any] | None = None, **more: Any) -> dict[str, str]:
    content = {"batch_configs": [BATCH] if batches is None else batches, "raw_table_configs": tables or [], **more}
    return {"sales.json": json.dumps(content)}


def problems_of(texts: dict[str, str]) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        parse_manifests(texts)
    return refused.value.problems


def test_entries_become_typed_records() -> None:
    manifests = parse_manifests(documents(tables=[TABLE]))
    table = manifests.tables[0]
    assert (table.primary_key, table.partition_key, table.is_active) == (("ID", "LINE"), None, False)
    assert table.history is RowHistory.ALL
    assert manifests.batches[0].refresh_tables_batch_size == 5


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("refresh_cadence", "hourly", "is no cadence: write <n>_min_refresh"),
        ("source_table_name", "sales_orders", "is no source table; write schema.table"),
        ("hudi_primary_key", "", "must be a text"),
        ("hudi_primary_key", "ID,id", "names a column twice"),
        ("hudi_primary_key", "1D", "is no column name"),
        ("hudi_partition_key", "A,B", "names several columns"),
        ("hudi_precombine_field", "a b", "is no column name"),
        ("hudi_precombine_field", "A,B", "names several columns"),
        ("hudi_primary_key", "ID,", "is no list of columns"),
        ("column_names", "rename", "write refuse or sanitise"),
        ("on_dropped_column", "NULL", "write refuse or null"),
        ("before_images", "BI_", "write detect or written or none"),
        ("hudi_table_type", "cow", "write copy_on_write or merge_on_read"),
        ("table_data_versioning_type", "X", "write S or H"),
        ("table_storage_type", "delta", "is not known; write hudi or iceberg"),
        ("hudi_partition_key", "month(AT)", "month is no way to partition a table; write a column, day(column) or"),
        ("hudi_partition_key", "bucket(0, ID)", "a table has 1 to 10,000 buckets"),
        ("is_active", True, "write Y or N"),
        ("raw_database_name", "Sales-Raw", "is no database name"),
        ("raw_database_S3_bucket", "my-bucket", "is not known; write raw"),
        ("raw_table_name", "Orders", "is no table name"),
    ],
)
def test_wrong_value_of_a_table_is_refused_with_file_entry_field_and_reason(
    field: str, value: object, reason: str
) -> None:
    problems = problems_of(documents(tables=[{**TABLE, field: value}]))
    assert any(
        problem.startswith("sales.json: raw_table_configs: ") and f": {field}: " in problem for problem in problems
    )
    assert any(reason in problem for problem in problems)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("glue_job_worker_type", "G.3X"),
        ("glue_job_max_workers", 1),
        ("glue_job_max_workers", True),
        ("refresh_tables_batch_size", "5"),
        ("refresh_tables_batch_size", 0),
        ("datalake_format", "delta"),
        ("glue_job_name", "my job"),
    ],
)
def test_wrong_value_of_a_batch_configuration_is_refused(field: str, value: object) -> None:
    problems = problems_of(documents(batches=[{**BATCH, field: value}]))
    assert [f"batch_configs: 10_min_refresh: {field}: " in problem for problem in problems] == [True]


def test_unknown_field_is_refused_with_the_field_that_was_meant() -> None:
    wrong = {**TABLE, "hudi_primary_keys": "ID"}
    assert (
        "unknown field 'hudi_primary_keys'; did you mean 'hudi_primary_key'?"
        in problems_of(documents(tables=[wrong]))[0]
    )


def test_missing_field_is_named() -> None:
    wrong = {name: value for name, value in TABLE.items() if name != "hudi_partition_key"}
    assert problems_of(documents(tables=[wrong])) == [
        "sales.json: raw_table_configs: sales.orders: partition_key (or hudi_partition_key) is missing"
    ]


def table_of(**fields: object) -> RawTableConfig:
    (table,) = parse_manifests(documents(tables=[{**TABLE, **fields}])).tables
    return table


WITHOUT_SEQUENCE = {name: value for name, value in TABLE.items() if name != "hudi_precombine_field"}


@pytest.mark.parametrize("entry", [WITHOUT_SEQUENCE, {**TABLE, "hudi_precombine_field": ""}])
def test_table_without_a_change_sequence_is_ordered_by_files_and_rows(entry: dict[str, object]) -> None:
    (table,) = parse_manifests(documents(tables=[entry])).tables
    assert table.change_sequence is None


def test_change_sequence_is_another_name_of_the_field() -> None:
    entry = {**WITHOUT_SEQUENCE, "change_sequence": "AR_H_CHANGE_SEQ"}
    (table,) = parse_manifests(documents(tables=[entry])).tables
    assert table.change_sequence == "AR_H_CHANGE_SEQ"


def test_both_names_of_one_field_are_refused() -> None:
    (problem,) = problems_of(documents(tables=[{**TABLE, "change_sequence": "SEQ"}]))
    assert problem.endswith(
        "sales.orders: change_sequence and hudi_precombine_field are two names of one field; keep one"
    )


@pytest.mark.parametrize(
    ("fields", "part_of"),
    [
        ({"hudi_precombine_field": "ID"}, "hudi_primary_key"),
        ({"hudi_precombine_field": "line"}, "hudi_primary_key"),
        ({"hudi_precombine_field": "REGION", "hudi_partition_key": "region"}, "hudi_partition_key"),
    ],
)
def test_change_sequence_that_is_part_of_a_key_is_refused(fields: dict[str, str], part_of: str) -> None:
    (problem,) = problems_of(documents(tables=[{**TABLE, **fields}]))
    start = f"sales.json: raw_table_configs: sales.orders: hudi_precombine_field: {fields['hudi_precombine_field']} is"
    assert problem.startswith(f"{start} part of {part_of}, so it cannot say which change of a row is the last")


def test_policies_refuse_unless_a_table_says_otherwise() -> None:
    assert (table_of().column_names, table_of().on_dropped_column, table_of().before_images) == (
        *("refuse", "refuse"),
        "detect",
    )
    table = table_of(column_names="sanitise", on_dropped_column="null", before_images="none")
    assert (table.column_names, table.on_dropped_column, table.before_images) == ("sanitise", "null", "none")


def test_keys_are_named_as_the_source_names_them_where_names_are_sanitised() -> None:
    keys = {"hudi_primary_key": 'Order ID, Größe,"QTY ","a,b"', "hudi_partition_key": "$region"}
    table = table_of(column_names="sanitise", **keys)
    assert table.primary_key == ("Order ID", "Größe", "QTY ", "a,b")
    assert table.partition_key == "$region"


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("hudi_primary_key", "ID,Order ID", "'Order ID'"),
        ("hudi_partition_key", "$region", "'$region'"),
        ("hudi_precombine_field", "1SEQ", "'1SEQ'"),
    ],
)
def test_column_that_tables_cannot_have_is_refused_by_name_where_names_are_not_sanitised(
    field: str, value: str, named: str
) -> None:
    (problem,) = problems_of(documents(tables=[{**TABLE, field: value}]))
    assert f": {field}: {named} is no column name that tables can have" in problem
    assert '"column_names": "sanitise"' in problem


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("sales.orders", "sales.orders"),
        ('"sales"."orders"', "sales.orders"),
        ("default:sales.orders", "sales.orders"),
        ("crm:sales.orders", "crm:sales.orders"),
        ("dbo.Order Details", "dbo.Order Details"),
        ('"my.schema"."Order Details"', '"my.schema".Order Details'),
        ('crm:"a:b"."c ""d"" /"', 'crm:"a:b"."c ""d"" /"'),
        ('sales." orders"', 'sales." orders"'),
    ],
)
def test_source_table_has_one_name_however_it_is_quoted(written: str, name: str) -> None:
    assert table_of(source_table_name=written).source_table_name == name


@pytest.mark.parametrize(
    "written", ["a.b.c", "sales.", ".orders", "sales. orders", 'sales."orders', "a:b:c.d", "sales.or/ders", "a b:c.d"]
)
def test_name_that_is_no_schema_and_table_is_refused(written: str) -> None:
    (problem,) = problems_of(documents(tables=[{**TABLE, "source_table_name": written}]))
    assert "is no source table; write schema.table" in problem


def test_two_ways_to_quote_one_source_table_are_one_entry_too_many() -> None:
    other = {**TABLE, "source_table_name": '"sales"."orders"', "raw_table_name": "again"}
    assert "both are the entry for sales.orders" in problems_of(documents(tables=[TABLE, other]))[0]


ICEBERG = {"table_storage_type": "iceberg"}


@pytest.mark.parametrize(
    ("written", "column", "transform", "buckets", "stored"),
    [
        ("", None, "identity", 0, ""),
        ("REGION", "REGION", "identity", 0, "REGION"),
        ("day(AT)", "AT", "day", 0, "day(AT)"),
        ("bucket( 16 , ID )", "ID", "bucket", 16, "bucket(16, ID)"),
        ('day("Ordered, at")', "Ordered, at", "day", 0, 'day("Ordered, at")'),
        ('"day(AT)"', "day(AT)", "identity", 0, '"day(AT)"'),
    ],
)
def test_iceberg_table_is_partitioned_by_a_column_its_days_or_buckets_of_it(
    written: str, column: str | None, transform: str, buckets: int, stored: str
) -> None:
    entry = {**TABLE, **ICEBERG, "hudi_partition_key": written, "column_names": "sanitise"}
    (table,) = parse_manifests(documents(tables=[entry])).tables
    assert (table.partition_key, table.partition_transform, table.partition_buckets) == (column, transform, buckets)
    assert table.table_format == "iceberg"
    assert table.identity["hudi_partition_key"] == stored
    assert raw_table_config_of(item_of(table)) == table


def test_what_a_format_lacks_is_refused_by_name_with_the_way_out() -> None:
    (problem,) = problems_of(documents(tables=[{**TABLE, "hudi_partition_key": "day(AT)"}]))
    assert 'hudi_partition_key: Hudi tables have no partitions by day(AT); write "table_format": "iceberg"' in problem
    (problem,) = problems_of(documents(tables=[{**TABLE, **ICEBERG, "hudi_table_type": "merge_on_read"}]))
    assert "hudi_table_type: Iceberg tables cannot be merge_on_read; leave the field out for this table" in problem
    assert '"table_format": "hudi"' in problem


@pytest.mark.parametrize("engine", ["auto", "spark", "native"])
def test_engine_of_an_iceberg_table_is_said_by_its_entry_or_the_defaults_and_stored_unless_it_is_auto(
    engine: str,
) -> None:
    """A stored configuration of an earlier release has no engine, and stays what it is."""
    (table,) = parse_manifests(documents(tables=[{**TABLE, **ICEBERG, "engine": engine}])).tables
    assert table.engine == engine
    assert item_of(table).get("engine", "auto") == engine
    assert ("engine" in item_of(table)) is (engine != "auto")
    assert raw_table_config_of(item_of(table)) == table
    (of_defaults,) = parse_manifests(with_defaults({**COMMON, "table_format": "iceberg", "engine": engine}, OWN)).tables
    assert of_defaults.engine == engine


def test_hudi_table_is_refused_to_the_native_engine_with_both_ways_out() -> None:
    (problem,) = problems_of(documents(tables=[{**TABLE, "engine": "native"}]))
    assert "sales.orders: engine: Hudi tables cannot be refreshed by the native engine" in problem
    assert 'write "table_format": "iceberg", which takes a reload for a table that has data' in problem
    assert 'or "engine": "spark"' in problem
    for engine in ("auto", "spark"):
        (table,) = parse_manifests(documents(tables=[{**TABLE, "engine": engine}])).tables
        assert (table.table_format, table.engine) == ("hudi", engine)


def test_unknown_engine_is_refused_by_name() -> None:
    (problem,) = problems_of(documents(tables=[{**TABLE, **ICEBERG, "engine": "flink"}]))
    assert "engine" in problem
    assert "flink" in problem


def test_format_is_that_of_the_defaults_unless_the_entry_says_otherwise() -> None:
    other = {**OWN, "source_table_name": "sales.other", "table_format": "hudi"}
    first, second = parse_manifests(with_defaults({**COMMON, "table_format": "iceberg"}, OWN, other)).tables
    assert (first.table_format, second.table_format) == ("iceberg", "hudi")


def merge_on_read(name: str) -> dict[str, object]:
    return {**TABLE, "source_table_name": f"mor.{name}", "raw_table_name": name, "hudi_table_type": "merge_on_read"}


@pytest.mark.parametrize("view", ["orders_rt", "orders_ro"])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("also_merged", [True, False])
def test_names_of_a_merge_on_read_tables_views_are_taken(view: str, is_first: bool, also_merged: bool) -> None:
    other = merge_on_read(view) if also_merged else {**TABLE, "source_table_name": "s.other", "raw_table_name": view}
    pair = [merge_on_read("orders"), other]
    (problem,) = problems_of(documents(tables=pair if is_first else pair[::-1]))
    assert f"the merge_on_read table sales_raw.orders occupies the name sales_raw.{view}, too" in problem
    assert "mor.orders and sales.json: raw_table_configs: " in problem


def test_names_like_views_are_free_beside_copy_on_write_and_in_other_databases() -> None:
    view = {**TABLE, "source_table_name": "s.view", "raw_table_name": "orders_rt"}
    parse_manifests(documents(tables=[TABLE, view]))
    parse_manifests(documents(tables=[merge_on_read("orders"), {**view, "raw_database_name": "other"}]))


@pytest.mark.parametrize(("length", "is_valid"), [(252, True), (253, False)])
def test_views_of_a_merge_on_read_table_need_room_for_their_names(length: int, is_valid: bool) -> None:
    texts = documents(tables=[merge_on_read("t" * length)])
    if is_valid:
        parse_manifests(texts)
    else:
        assert "is too long for a merge_on_read table" in problems_of(texts)[0]


def test_unknown_section_is_refused() -> None:
    assert "unknown field 'table_configs'" in problems_of(documents(table_configs=[]))[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "must be an object with defaults, batch_configs, raw_table_configs, not []"),
        ('{"batch_configs": {}}', "must be a list"),
    ],
)
def test_text_that_is_no_manifest_is_refused(text: str, reason: str) -> None:
    assert reason in problems_of({"broken.json": text})[0]


def test_entry_that_is_no_object_is_refused_by_its_position() -> None:
    (problem,) = problems_of(documents(tables=[TABLE, 3]))
    assert problem.startswith("sales.json: raw_table_configs: entry 2: must be an object with refresh_cadence, ")


def test_two_entries_for_one_source_table_are_refused_naming_both_files() -> None:
    other = {**TABLE, "raw_table_name": "orders_again"}
    texts = {**documents(tables=[TABLE]), "more.json": json.dumps({"raw_table_configs": [other]})}
    (problem,) = problems_of(texts)
    assert problem.startswith(
        "sales.json: raw_table_configs: sales.orders and more.json: raw_table_configs: sales.orders"
    )


def test_two_entries_for_one_target_table_are_refused() -> None:
    other = {**TABLE, "source_table_name": "crm.orders"}
    assert "both are the entry for sales_raw.orders" in problems_of(documents(tables=[TABLE, other]))[0]


def test_cadence_without_batch_configuration_is_refused() -> None:
    (problem,) = problems_of(documents(tables=[{**TABLE, "refresh_cadence": "1_hour_refresh"}]))
    assert "refresh_cadence '1_hour_refresh' has no entry in batch_configs" in problem


def test_all_problems_of_all_files_are_reported_at_once() -> None:
    texts = {**documents(tables=[{**TABLE, "is_active": 1}]), "broken.json": "{"}
    assert len(problems_of(texts)) == 2


def test_folder_without_manifests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="holds no manifest"):
        load_manifests(tmp_path)


@pytest.mark.parametrize(
    ("cadence", "rate"),
    [("1_min_refresh", "rate(1 minute)"), ("10_min_refresh", "rate(10 minutes)"), ("1_day_refresh", "rate(1 day)")],
)
def test_cadence_gives_its_schedule(cadence: str, rate: str) -> None:
    assert schedule_expression(cadence) == rate


@pytest.mark.parametrize("cadence", ["0_min_refresh", "10", "10_min", "-1_min_refresh", "10_minutes_refresh"])
def test_other_cadence_names_are_refused(cadence: str) -> None:
    with pytest.raises(ValueError, match="is no cadence"):
        schedule_expression(cadence)


def test_database_names_become_those_of_the_lake_and_buckets_stay_roles() -> None:
    named = PhysicalNames("second_").resolve(parse_manifests(documents(tables=[TABLE])))
    (table,) = named.tables
    assert (table.path, table.raw_database_s3_bucket) == ("second_sales_raw/orders", "raw")
    assert len(named.batches) == 1


DEFAULTS = {"glue_job_worker_type": "R.1X", "glue_job_max_workers": 3, "refresh_tables_batch_size": 2}


def test_sizes_that_a_cadence_leaves_open_are_those_of_the_environment() -> None:
    open_batch = {name: value for name, value in BATCH.items() if name not in DEFAULTS}
    (batch,) = parse_manifests(documents(batches=[open_batch]), DEFAULTS).batches
    assert (batch.glue_job_worker_type, batch.glue_job_max_workers, batch.refresh_tables_batch_size) == ("R.1X", 3, 2)


def test_sizes_that_a_cadence_states_are_kept() -> None:
    (batch,) = parse_manifests(documents(batches=[BATCH]), DEFAULTS).batches
    assert (batch.glue_job_worker_type, batch.glue_job_max_workers, batch.refresh_tables_batch_size) == ("G.1X", 10, 5)


def test_size_without_value_or_default_is_missing() -> None:
    open_batch = {name: value for name, value in BATCH.items() if name != "glue_job_max_workers"}
    assert problems_of(documents(batches=[open_batch])) == [
        "sales.json: batch_configs: 10_min_refresh: glue_job_max_workers is missing"
    ]


OWN = {"source_table_name": "sales.orders"}
COMMON = {
    "refresh_cadence": "10_min_refresh",
    "primary_key": "ID",
    "partition_key": "",
    "raw_database_name": "sales_raw",
}


def with_defaults(defaults: Any, *tables: Any) -> dict[str, str]:
    return documents(tables=list(tables), defaults=defaults)


def test_table_needs_only_what_differs() -> None:
    (table,) = parse_manifests(with_defaults(COMMON, OWN)).tables
    assert (table.primary_key, table.raw_database_name, table.raw_table_name) == (("ID",), "sales_raw", "orders")
    assert (table.is_active, table.hudi_table_type, table.table_format) == (True, "copy_on_write", "hudi")
    assert (table.history, table.raw_database_s3_bucket) == (RowHistory.LATEST, "raw")


def test_table_is_named_like_its_source_in_lower_case() -> None:
    (table,) = parse_manifests(with_defaults(COMMON, {"source_table_name": "crm:HR.EMPLOYEES"})).tables
    assert table.qualified_name == "sales_raw.employees"


def test_source_that_no_table_can_be_named_after_needs_a_name() -> None:
    (problem,) = problems_of(with_defaults(COMMON, {"source_table_name": "dbo.Order Details"}))
    start = "sales.json: raw_table_configs: dbo.Order Details: raw_table_name: 'order details' is no table name"
    assert problem.startswith(start)


@pytest.mark.parametrize(("default", "own"), [("primary_key", "hudi_primary_key"), ("hudi_primary_key", "primary_key")])
def test_entry_wins_over_a_default_whichever_name_of_the_field_each_has(default: str, own: str) -> None:
    shared = {name: value for name, value in COMMON.items() if name != "primary_key"}
    (table,) = parse_manifests(with_defaults({**shared, default: "ID"}, {**OWN, own: "ORDER_ID"})).tables
    assert table.primary_key == ("ORDER_ID",)


@pytest.mark.parametrize(
    ("default", "own", "kept"),
    [
        ({}, {}, RowHistory.LATEST),
        ({}, {"history": "all"}, RowHistory.ALL),
        ({"history": "all"}, {}, RowHistory.ALL),
        ({"history": "all"}, {"table_data_versioning_type": "S"}, RowHistory.LATEST),
        ({"table_data_versioning_type": "S"}, {"history": "all"}, RowHistory.ALL),
        ({"table_data_versioning_type": "H"}, {"history": "latest"}, RowHistory.LATEST),
    ],
)
def test_history_is_latest_or_all_and_s_or_h_under_the_references_name(
    default: dict[str, str], own: dict[str, str], kept: RowHistory
) -> None:
    (table,) = parse_manifests(with_defaults({**COMMON, **default}, {**OWN, **own})).tables
    assert table.history is kept


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"history": "S"}, "history: 'S' is not known; write latest or all"),
        ({"table_data_versioning_type": "all"}, "table_data_versioning_type: 'all' is not known; write S or H"),
        (
            {"history": "all", "table_data_versioning_type": "H"},
            "history and table_data_versioning_type are two names of one field; keep one",
        ),
        (
            {"table_format": "hudi", "table_storage_type": "hudi"},
            "table_format and table_storage_type are two names of one field; keep one",
        ),
        ({"change_sequence": "ID"}, "change_sequence: ID is part of primary_key, so it cannot say which change"),
        ({"hudi_primary_key": "1D"}, "hudi_primary_key: '1D' is no column name that tables can have"),
        ({"primary_key": ["ID", "id"]}, "primary_key: names a column twice: ['ID', 'id']"),
        ({"primary_key": ["ID", 3]}, "primary_key: must list texts, each the name of a column, not 3"),
        ({"primary_key": []}, "primary_key: must be a text, or a list of texts, not []"),
        ({"is_activ": "N"}, "unknown field 'is_activ'; did you mean 'is_active'?"),
        ({"hudi_partition_kee": ""}, "unknown field 'hudi_partition_kee'; did you mean 'hudi_partition_key'?"),
    ],
)
def test_problem_is_told_with_the_name_that_the_entry_has_for_the_field(fields: dict[str, Any], reason: str) -> None:
    (problem,) = problems_of(with_defaults(COMMON, {**OWN, **fields}))
    assert problem.startswith(f"sales.json: raw_table_configs: sales.orders: {reason}")


def test_keys_may_be_lists_of_names_as_they_are() -> None:
    key = {"primary_key": ["Order ID", "a,b", 'say "x"'], "column_names": "sanitise"}
    (table,) = parse_manifests(with_defaults({**COMMON, **key}, OWN)).tables
    assert table.primary_key == ("Order ID", "a,b", 'say "x"')


@pytest.mark.parametrize("field", ["source_table_name", "raw_table_name"])
def test_what_each_table_has_for_itself_is_no_default(field: str) -> None:
    (problem,) = problems_of(with_defaults({**COMMON, field: "s.t"}, OWN))
    assert problem == (
        f"sales.json: defaults: {field} cannot be a default, because each table has its own; write it in the table's "
        "entry"
    )


def test_wrong_default_is_told_once_where_it_stands() -> None:
    other = {"source_table_name": "sales.lines"}
    wrong = {**COMMON, "primary_key": "ID,", "is_active": True, "raw_database": "x"}
    problems = problems_of(with_defaults(wrong, OWN, other))
    assert [problem.split(": ")[:3] for problem in problems] == [
        ["sales.json", "defaults", "primary_key"],
        ["sales.json", "defaults", "is_active"],
        ["sales.json", "defaults", "unknown field 'raw_database'; did you mean 'raw_database_name'?"],
    ]


@pytest.mark.parametrize(
    ("one", "other", "values"),
    [
        ("history", "table_data_versioning_type", ("all", "H")),
        ("primary_key", "hudi_primary_key", ("ID", "ID")),
        ("change_sequence", "hudi_precombine_field", ("SEQ", "SEQ")),
    ],
)
def test_default_under_both_names_of_its_field_is_told_once_however_many_tables_take_it(
    one: str, other: str, values: tuple[str, str]
) -> None:
    tables = [{"source_table_name": f"sales.t{number}"} for number in range(3)]
    shared = {"refresh_cadence": "10_min_refresh", "primary_key": "ID", "partition_key": "", "raw_database_name": "db"}
    told = problems_of(with_defaults({**shared, one: values[0], other: values[1]}, *tables))
    assert told == [f"sales.json: defaults: {one} and {other} are two names of one field; keep one"]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("primary_key", None, "must be a text, or a list of texts, not null"),
        ("primary_key", [], "must be a text, or a list of texts, not []"),
        ("primary_key", {"a": True}, 'must be a text, or a list of texts, not {"a": true}'),
        ("primary_key", ["ID", None], "must list texts, each the name of a column, not null"),
        ("partition_key", None, 'must be a text, not null; write "" for an unpartitioned table'),
        ("change_sequence", None, 'must be a text, not null; write "" for the order of files and rows'),
        ("change_sequence", False, 'must be a text, not false; write "" for the order of files and rows'),
    ],
)
def test_value_that_names_no_column_is_refused_as_json_writes_it_with_the_way_to_have_none(
    field: str, value: object, reason: str
) -> None:
    entry = {"source_table_name": "sales.orders", field: value}
    defaults = {
        "refresh_cadence": "10_min_refresh",
        "primary_key": "ID",
        "partition_key": "REGION",
        "change_sequence": "SEQ",
        "raw_database_name": "sales_raw",
    }
    assert problems_of(with_defaults(defaults, entry)) == [
        f"sales.json: raw_table_configs: sales.orders: {field}: {reason}"
    ]


def test_defaults_are_those_of_their_file() -> None:
    texts = {
        **with_defaults(COMMON, OWN),
        "more.json": json.dumps({"raw_table_configs": [{"source_table_name": "s.t"}]}),
    }
    assert [problem.split(": ")[-1] for problem in problems_of(texts)] == [
        "refresh_cadence is missing",
        "primary_key (or hudi_primary_key) is missing",
        "partition_key (or hudi_partition_key) is missing",
        "raw_database_name is missing",
    ]


def test_defaults_that_are_no_object_are_refused() -> None:
    (problem,) = problems_of(documents(defaults=[]))
    assert problem.startswith("sales.json: defaults: must be an object with refresh_cadence, ")


def test_two_entries_are_told_apart_although_another_field_is_wrong() -> None:
    problems = problems_of(documents(tables=[{**TABLE, "is_active": 1}, {**TABLE, "raw_table_name": "again"}]))
    assert len(problems) == 2
    assert "both are the entry for sales.orders" in problems[1]


def test_repeated_name_is_refused() -> None:
    assert problems_of({"sales.json": '{"batch_configs": [], "batch_configs": []}'}) == [
        "sales.json: one object names 'batch_configs' twice; keep one"
    ]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("glue_job_max_workers", "10", "must be a whole number from 2 to 299, without quotes, not '10'"),
        ("refresh_tables_batch_size", 0, "must be a whole number from 1 to 100, not 0"),
        ("glue_job_name", "my job", "'my job' is no Glue job name (letters, digits, _ and -)"),
        ("glue_job_name", 3, 'must be a text such as odpf_file_processor in quotes, "3", not 3'),
    ],
)
def test_value_of_a_cadence_is_refused_with_the_way_to_write_it(field: str, value: object, reason: str) -> None:
    assert problems_of(documents(batches=[{**BATCH, field: value}])) == [
        f"sales.json: batch_configs: 10_min_refresh: {field}: {reason}"
    ]


def test_size_of_the_environment_that_is_wrong_is_told() -> None:
    open_batch = {name: value for name, value in BATCH.items() if name != "glue_job_worker_type"}
    with pytest.raises(ManifestError, match="glue_job_worker_type: 'G.3X' is not known; write G.1X or G.2X"):
        parse_manifests(documents(batches=[open_batch]), {"glue_job_worker_type": "G.3X"})
