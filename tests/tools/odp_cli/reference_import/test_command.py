"""`odp config import`: from the reference framework's files to a manifest that validates."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from odp_cli.app import app, main
from typer.testing import CliRunner

from tests.configuration import KNOWN
from tests.tools.odp_cli.reference_import.conftest import (
    BATCH,
    DATA,
    TABLES,
    Write,
    answer,
    batch,
    run_import,
    table,
)

EXPECTED = json.loads((DATA / "expected_manifest.json").read_text())


def test_both_files_become_one_manifest_that_validates(tmp_path: Path) -> None:
    written = tmp_path / "sales.json"
    result = run_import(BATCH, TABLES, "--schema", "sales", "--output", written)
    assert result.exit_code == 0, result.output
    assert json.loads(written.read_text()) == EXPECTED
    valid = CliRunner().invoke(app, ["config", "validate", "--manifests", str(tmp_path), "--platform", str(KNOWN)])
    assert valid.output == "✓ 2 tables, cadences: 1; valid for dev, test, prod\n"


def test_files_are_known_by_their_content(write: Write) -> None:
    first = write(TABLES.read_text(), "a.txt")
    second = write(BATCH.read_text(), "b.txt")
    assert answer(first, second, "--schema", "sales")["manifest"] == EXPECTED


def test_without_output_stdout_is_the_manifest_alone() -> None:
    result = run_import(BATCH, TABLES, "--schema", "sales")
    assert json.loads(result.stdout) == EXPECTED
    assert "sales.order_lines" in result.stderr


def test_report_names_what_each_entry_became_and_every_decision(tmp_path: Path) -> None:
    result = run_import(BATCH, TABLES, "--schema", "sales", "--output", tmp_path / "sales.json")
    report = " ".join(result.stdout.split())
    for told in (
        "sales.order_lines → odpf_sales_raw.order_lines",
        'refresh_tables_batch_size: "5" became 5',
        "datalake_format: data_lake_format is another spelling of this field",
        'raw_database_S3_bucket: "sales-lake-raw-eu-west-1" became "raw"',
        'hudi_primary_key: "ORDER_ID, LINE_NO" became "ORDER_ID,LINE_NO"',
        "? hudi_precombine_field: CDC_TIMESTAMP_SEQ must be the column of DMS's change sequence",
    ):
        assert told in report
    assert str(tmp_path / "sales.json") in result.stdout.replace("\n", "")


def test_answer_for_programs_has_entries_decisions_and_manifest() -> None:
    found = answer(BATCH, TABLES, "--schema", "sales")
    assert (found["refused"], found["manifest"]) == ([], EXPECTED)
    assert [entry["became"] for entry in found["entries"]] == ["10_min_refresh", "sales.orders", "sales.order_lines"]
    batch_size = next(each for each in found["decisions"] if each["field"] == "refresh_tables_batch_size")
    assert batch_size == {
        "field": "refresh_tables_batch_size",
        "text": '"5" became 5',
        "check": False,
        "entries": [f"{BATCH}: entry 1 (10_min_refresh)"],
    }


def test_file_that_exists_is_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text("{}")
    command = ["odp", "config", "import", str(BATCH), str(TABLES), "--schema", "sales", "--output", str(mine)]
    monkeypatch.setattr("sys.argv", [*command, "--platform", str(KNOWN)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "File exists\n  To mend it: name a new file" in capsys.readouterr().err
    assert mine.read_text() == "{}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.json"], "nowhere.json: No such file or directory"),
        ([str(BATCH), "--bucket", "sales-lake"], "--bucket 'sales-lake' does not name one role"),
        ([str(BATCH), "--bucket", "a=raw", "--bucket", "s3://a/=b"], "--bucket 's3://a/=b' does not name one role"),
    ],
)
def test_command_that_cannot_answer_ends_with_two(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["odp", "config", "import", *arguments, "--platform", str(KNOWN)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_refused_import_writes_nothing(write: Write, tmp_path: Path) -> None:
    source = write([batch(), table(table_storage_type="delta"), table(source_table_name="sales.b", raw_table_name="b")])
    written = tmp_path / "out" / "sales.json"
    written.parent.mkdir()
    result = run_import(source, "--output", written)
    assert result.exit_code == 1
    assert list(written.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ([batch(datalake_format=..., data_lake_format="iceberg"), table()], ("datalake_format: 'iceberg'",)),
        ([batch(), table(table_storage_type="delta")], ("sales.orders: table_storage_type: 'delta'", "write hudi")),
        ([batch(glue_job_worker_type="Standard"), table()], ("glue_job_worker_type: 'Standard'", "write G.1X or")),
        ([batch(refresh_tables_batch_size="many"), table()], ("refresh_tables_batch_size", "whole number from 1 to")),
        ([batch(), table(hudi_partition_key="REGION,DAY")], ("hudi_partition_key", "names several columns; write one")),
        ([batch(), table(hudi_primary_key="ID,CDC_TIMESTAMP_SEQ")], ("CDC_TIMESTAMP_SEQ is part of hudi_primary_key",)),
        ([batch(), table(refresh_cadence="weekly")], ("refresh_cadence: 'weekly' is no cadence: write <n>_min_ref",)),
    ],
)
def test_what_no_rule_converts_is_named_with_file_entry_field_and_way_out(
    write: Write, entries: list[object], named: tuple[str, ...]
) -> None:
    path = write(list(entries))
    refused = answer(path)["refused"]
    (problem,) = [each for each in refused if named[0] in each]
    assert problem.startswith(f"{path}: ")
    assert all(part in problem for part in named)


def test_refusal_for_programs_has_the_same_exit_code(write: Write) -> None:
    result = run_import(write([batch(), table(hudi_primary_key="")]), "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert (len(document["refused"]), document["manifest"]) == (1, None)


def test_name_that_an_environment_does_not_deploy_is_to_be_checked(write: Write) -> None:
    path = write([batch(glue_job_name="nightly_job"), table()])
    (found,) = [each for each in answer(path)["decisions"] if each["field"] == "glue_job_name"]
    assert found["check"]
    assert "nightly_job" in found["text"]
    assert "catalog_names" in found["text"]


def test_merge_on_read_table_brings_the_warning_of_validation(write: Write) -> None:
    result = run_import(write([batch(), table(hudi_table_type="MOR")]))
    assert json.loads(result.stdout)["raw_table_configs"][0]["hudi_table_type"] == "merge_on_read"
    assert "Athena shows the newest changes in odpf_sales_raw.orders_rt only" in " ".join(result.stderr.split())


def test_cadence_may_be_configured_by_a_manifest_beside_the_output(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "batches.json").write_text(json.dumps({"batch_configs": EXPECTED["batch_configs"]}))
    (folder / "notes.json").write_text("[]")
    path = write([table()])
    assert run_import(path, "--output", folder / "sales.json").exit_code == 0
    assert list(json.loads((folder / "sales.json").read_text())) == ["raw_table_configs"]
    again = run_import(path, "--output", folder / "again.json")
    assert again.exit_code == 1
    assert "sales.json: raw_table_configs: sales.orders" in again.stdout
    assert not (folder / "again.json").exists()


def test_person_at_a_terminal_is_asked_for_the_schema() -> None:
    code = "import sys; from odp_cli.app import main; sys.argv[0] = 'odp'; main()"
    command = [sys.executable, "-c", code, "config", "import", str(BATCH), str(TABLES), "--platform", str(KNOWN)]
    person, terminal = pty.openpty()
    os.write(person, b"sales\n")
    try:
        ended = subprocess.run(command, stdin=terminal, capture_output=True, timeout=120, check=False)
    finally:
        os.close(person)
        os.close(terminal)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == EXPECTED
    assert b"orders, sales_order_lines" in ended.stderr
