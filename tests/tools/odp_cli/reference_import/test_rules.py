"""What the rules of an import make of each field, and what they leave to a person."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.odp_cli.reference_import.conftest import Write, batch, imported, refusals, table


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("is_active", "y", "Y"),
        ("is_active", "Yes", "Y"),
        ("is_active", True, "Y"),
        ("is_active", "true", "Y"),
        ("is_active", " N ", "N"),
        ("is_active", "No", "N"),
        ("is_active", False, "N"),
        ("is_active", ..., "Y"),
        ("table_data_versioning_type", "h", "H"),
        ("table_data_versioning_type", "Snapshot", "S"),
        ("table_data_versioning_type", "historical", "H"),
        ("table_storage_type", "HUDI", "hudi"),
        ("table_storage_type", ..., "hudi"),
        ("hudi_table_type", "COPY_ON_WRITE", "copy_on_write"),
        ("hudi_table_type", "cow", "copy_on_write"),
        ("hudi_table_type", ..., "copy_on_write"),
        ("hudi_partition_key", ..., ""),
        ("hudi_partition_key", None, ""),
        ("hudi_partition_key", " REGION ", "REGION"),
        ("hudi_primary_key", "A , B,C ", "A,B,C"),
        ("hudi_primary_key", ["A", "B"], "A,B"),
        ("raw_database_name", "Sales_Raw", "sales_raw"),
        ("raw_database_name", "sales-raw", "sales_raw"),
        ("raw_table_name", "ORDERS.2024", "orders_2024"),
        ("raw_database_S3_bucket", "s3://lake-raw/", "raw"),
        ("raw_database_S3_bucket", "raw", "raw"),
    ],
)
def test_field_of_a_table_is_spelled_as_manifests_spell_it(write: Write, field: str, value: Any, expected: str) -> None:
    manifest, decisions = imported(write([batch(), table(**{field: value})]))
    assert manifest["raw_table_configs"][0][field] == expected
    if value != expected:
        assert field in {each["field"] for each in decisions}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("glue_job_max_workers", "10", 10),
        ("glue_job_max_workers", " 12 ", 12),
        ("glue_job_max_workers", 10.0, 10),
        ("refresh_tables_batch_size", "20.0", 20),
        ("datalake_format", "Hudi", "hudi"),
        ("glue_job_worker_type", "g.2x", "G.2X"),
    ],
)
def test_field_of_a_cadence_is_spelled_as_manifests_spell_it(
    write: Write, field: str, value: Any, expected: Any
) -> None:
    entry = batch(**{field: value})
    del entry["data_lake_format"]
    manifest, decisions = imported(write([entry, table()]))
    found = manifest["batch_configs"][0][field]
    assert (type(found), found) == (type(expected), expected)
    assert field in {each["field"] for each in decisions}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("10_MIN_REFRESH", "10_min_refresh"),
        ("10_mins_refresh", "10_min_refresh"),
        ("10-minutes", "10_min_refresh"),
        ("30 minutes refresh", "30_min_refresh"),
        ("15", "15_min_refresh"),
        (15, "15_min_refresh"),
        ("12_hours_refresh", "12_hour_refresh"),
        ("1hr", "1_hour_refresh"),
        ("hourly", "1_hour_refresh"),
        ("daily_refresh", "1_day_refresh"),
        ("02_days", "2_day_refresh"),
    ],
)
def test_cadence_is_named_after_its_interval(write: Write, written: Any, expected: str) -> None:
    manifest, decisions = imported(write([batch(refresh_cadence=written), table(refresh_cadence=written)]))
    assert manifest["batch_configs"][0]["refresh_cadence"] == expected
    assert manifest["raw_table_configs"][0]["refresh_cadence"] == expected
    (decision,) = [each for each in decisions if each["field"] == "refresh_cadence" and "became" in each["text"]]
    assert len(decision["entries"]) == 2


def test_number_alone_as_a_cadence_is_to_be_checked(write: Write) -> None:
    _, decisions = imported(write([batch(refresh_cadence="15"), table(refresh_cadence="15")]))
    open_ones = [each["text"] for each in decisions if each["field"] == "refresh_cadence" and each["check"]]
    assert open_ones == ['"15" is taken for minutes']


@pytest.mark.parametrize(
    ("entry", "field", "told"),
    [
        (table(is_active="N"), "is_active", "the reference refreshes the table all the same"),
        (table(hudi_table_type="merge_on_read"), "hudi_table_type", "the reference writes copy_on_write all the same"),
        (table(raw_database_S3_bucket="lake-raw/sales"), "raw_database_S3_bucket", "folder 'sales' is left out"),
        (table(hudi_precombine_field="UPDATED_AT"), "hudi_precombine_field", "UPDATED_AT must be the column of DMS's"),
        (table(raw_table_name="orders-2024"), "raw_table_name", "queries"),
        (table(), "source_table_name", "in upper and lower case"),
    ],
)
def test_what_the_reference_did_otherwise_is_to_be_checked(
    write: Write, entry: dict[str, Any], field: str, told: str
) -> None:
    _, decisions = imported(write([batch(), entry]))
    assert [each["text"] for each in decisions if each["check"] and each["field"] == field and told in each["text"]]


def test_table_without_precombine_field_is_ordered_by_files(write: Write) -> None:
    manifest, decisions = imported(write([batch(), table(hudi_precombine_field="")]))
    assert "hudi_precombine_field" not in manifest["raw_table_configs"][0]
    assert "hudi_precombine_field" in {each["field"] for each in decisions}


def test_other_names_of_a_field_count_for_it(write: Write) -> None:
    entry = table(
        table_data_versioning_type=..., glue_table_data_versioning_type="H",
        raw_database_S3_bucket=..., raw_database_s3_bucket="lake-raw",
    )  # fmt: skip
    manifest, decisions = imported(write([batch(datalake_format=...), entry]))
    assert manifest["batch_configs"][0]["datalake_format"] == "hudi"
    assert manifest["raw_table_configs"][0]["table_data_versioning_type"] == "H"
    assert manifest["raw_table_configs"][0]["raw_database_S3_bucket"] == "raw"
    spelled = {each["field"] for each in decisions if "is another spelling of this field" in each["text"]}
    assert spelled == {"datalake_format", "table_data_versioning_type", "raw_database_S3_bucket"}


def test_two_names_of_a_field_must_not_differ(write: Write) -> None:
    path = write([batch(datalake_format="hudi", data_lake_format="delta"), table()])
    (problem,) = refusals(path)
    assert problem.startswith(f"{path}: entry 1 (10_min_refresh): datalake_format and data_lake_format are one field")
    assert '"hudi"' in problem
    assert '"delta"' in problem


def test_field_that_manifests_lack_is_left_out_with_its_value(write: Write) -> None:
    manifest, decisions = imported(write([batch(), table(owner="finance", hudi_commits_to_keep=40)]))
    assert {"owner", "hudi_commits_to_keep"}.isdisjoint(manifest["raw_table_configs"][0])
    texts = {each["field"]: each["text"] for each in decisions if each["check"]}
    assert '"finance"' in texts["owner"]
    assert "40" in texts["hudi_commits_to_keep"]


def test_slip_of_the_pen_in_a_field_is_refused_before_it_changes_a_table(write: Write) -> None:
    path = write([batch(), table(hudi_partition_key=..., hudi_partition_keys="REGION")])
    (problem,) = refusals(path)
    assert problem == (
        f"{path}: entry 2 (sales.orders): unknown field 'hudi_partition_keys' (\"REGION\"); "
        "did you mean 'hudi_partition_key'?"
    )


def test_list_of_columns_keeps_a_name_that_holds_a_comma_whole(write: Write) -> None:
    path = write([batch(), table(hudi_primary_key=["LAST, FIRST", "ID"], hudi_partition_key="")])
    (problem,) = refusals(path)  # names are not sanitised, so the manifest refuses the name, and not two others
    assert "'LAST, FIRST' is no column name" in problem


def test_missing_versioning_is_told_to_whoever_imports(write: Write) -> None:
    manifest, decisions = imported(write([batch(), table(table_data_versioning_type=...)]))
    assert manifest["raw_table_configs"][0]["table_data_versioning_type"] == "S"
    (told,) = [each for each in decisions if each["field"] == "table_data_versioning_type"]
    assert told["text"] == "is missing: the table keeps the newest row of each key (S)"
