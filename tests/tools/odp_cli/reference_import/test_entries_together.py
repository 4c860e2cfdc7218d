"""What an import decides about entries together: schemas, roles of buckets, repetitions, cadences."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.odp_cli.reference_import.conftest import Write, batch, imported, refusals, table


def test_names_without_schema_are_refused_in_one_message(write: Write) -> None:
    path = write([batch(), *(table(source_table_name=name, raw_table_name=name) for name in ("a", "b", "c"))])
    (problem,) = refusals(path)
    assert "a, b, c" in problem
    assert "--schema" in problem


@pytest.mark.parametrize(
    ("name", "schemas", "expected"),
    [
        ("orders", ["sales"], "sales.orders"),
        ("sales_orders", ["sales"], "sales.orders"),
        ("sales_orders", ["Sales"], "Sales.orders"),
        ("sales.orders", ["other"], "sales.orders"),
        ("sales_eu_orders", ["sales", "sales_eu"], "sales_eu.orders"),
        ("sales_", ["sales"], "sales.sales_"),
    ],
)
def test_names_take_the_schema_that_was_given(write: Write, name: str, schemas: list[str], expected: str) -> None:
    options = [part for schema in schemas for part in ("--schema", schema)]
    manifest, _ = imported(write([batch(), table(source_table_name=name)]), *options)
    assert manifest["raw_table_configs"][0]["source_table_name"] == expected


def test_schema_that_was_cut_off_a_name_is_to_be_checked(write: Write) -> None:
    _, decisions = imported(write([batch(), table(source_table_name="sales_orders")]), "--schema", "sales")
    (cut,) = [each for each in decisions if each["field"] == "source_table_name" and "beginning" in each["text"]]
    assert cut["check"]


def test_name_that_begins_with_none_of_several_schemas_is_refused(write: Write) -> None:
    path = write([batch(), table(source_table_name="hr_people")])
    (problem,) = refusals(path, "--schema", "sales", "--schema", "crm")
    assert "hr_people" in problem
    assert "sales, crm" in problem


def test_several_buckets_need_roles(write: Write) -> None:
    path = write(
        [
            batch(),
            table(raw_database_S3_bucket="lake-a"),
            table(source_table_name="sales.b", raw_table_name="b", raw_database_S3_bucket="lake-b"),
        ]
    )
    (problem,) = refusals(path)
    assert "--bucket lake-a=raw --bucket lake-b=raw" in problem
    manifest, _ = imported(path, "--bucket", "lake-a=raw", "--bucket", "lake-b=raw")
    assert [each["raw_database_S3_bucket"] for each in manifest["raw_table_configs"]] == ["raw", "raw"]
    (half,) = refusals(path, "--bucket", "lake-a=raw")
    assert "lake-b" in half
    assert "lake-a=raw" not in half


def test_bucket_that_no_entry_names_is_refused(write: Write) -> None:
    (problem,) = refusals(
        write([batch(), table(raw_database_S3_bucket="lake")]), "--bucket", "laek=raw", "--bucket", "lake=raw"
    )
    assert problem == "--bucket laek: no entry names this bucket; they name lake"


@pytest.mark.parametrize("bucket", ["", "s3://", 7, ["a"]])
def test_value_that_names_no_bucket_is_refused(write: Write, bucket: Any) -> None:
    (problem,) = refusals(write([batch(), table(raw_database_S3_bucket=bucket)]))
    shown = '["a"]' if isinstance(bucket, list) else repr(bucket)
    assert f"raw_database_S3_bucket: {shown} is not known; write raw" in problem


def test_role_that_no_bucket_has_is_refused(write: Write) -> None:
    (problem,) = refusals(write([batch(), table(raw_database_S3_bucket="lake")]), "--bucket", "lake=conformed")
    assert "raw_database_S3_bucket: 'conformed'" in problem
    assert "write raw" in problem


def test_equal_entries_are_one(write: Write) -> None:
    manifest, decisions = imported(write([batch(), table(), table(is_active="y"), batch()]))
    assert (len(manifest["batch_configs"]), len(manifest["raw_table_configs"])) == (1, 1)
    assert len([each for each in decisions if "says the same as" in each["text"]]) == 2


def test_entries_of_one_table_that_differ_are_refused(write: Write) -> None:
    path = write([batch(), table(), table(hudi_primary_key="OTHER_ID")])
    (problem,) = refusals(path)
    assert problem == (
        f"{path}: entry 2 (sales.orders) and {path}: entry 3 (sales.orders): both configure sales.orders and differ in "
        'hudi_primary_key ("ORDER_ID", "OTHER_ID"); keep one'
    )


def test_cadence_without_batch_config_is_refused_once_with_its_tables(write: Write) -> None:
    other = table(source_table_name="sales.b", raw_table_name="b")
    (problem,) = refusals(write([table(), other]))
    assert "10_min_refresh" in problem
    assert "sales.orders, sales.b" in problem
    assert "odpf_batch_config.json" in problem


def test_cadence_without_tables_is_to_be_checked(write: Write) -> None:
    _, decisions = imported(write([batch(), batch(refresh_cadence="1_day_refresh"), table()]))
    assert [each["entries"] for each in decisions if each["check"] and "no table" in each["text"]]


def test_sizes_that_a_batch_config_leaves_out_come_from_the_environment(write: Write) -> None:
    manifest, decisions = imported(write([batch(glue_job_worker_type=...), table()]))
    assert "glue_job_worker_type" not in manifest["batch_configs"][0]
    assert "glue_job_worker_type" in {each["field"] for each in decisions}


def test_problems_of_all_rules_are_told_at_once(write: Write) -> None:
    found = refusals(
        write([batch(), table(source_table_name="a", raw_database_S3_bucket="x"), table(raw_database_S3_bucket="y")])
    )
    assert len(found) == 2


@pytest.mark.parametrize("nothing", [..., None, ""])
def test_entries_without_a_name_are_told_of_their_missing_name_not_of_each_other(write: Write, nothing: Any) -> None:
    tables = [table(source_table_name=nothing, raw_table_name=name) for name in ("a", "b")]
    told = refusals(write([batch(), *tables]))
    assert not [problem for problem in told if "both configure" in problem]
    for position in (2, 3):
        assert [problem for problem in told if f"entry {position}: source_table_name is missing" in problem], told


def test_cadences_without_a_name_are_told_of_their_missing_name(write: Write) -> None:
    told = refusals(write([batch(refresh_cadence=...), batch(refresh_cadence=..., glue_job_max_workers="3")]))
    assert len([problem for problem in told if "refresh_cadence is missing" in problem]) == 2, told
    assert not [problem for problem in told if "both configure" in problem]
