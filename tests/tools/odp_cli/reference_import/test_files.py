"""Which files an import reads: every form in which the two configurations are kept or exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools.odp_cli.reference_import.conftest import Write, answer, batch, refusals, run_import, table


def typed(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry as DynamoDB writes it."""
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in entry.items()} | {
        "is_active": {"BOOL": True},
        "hudi_partition_key": {"NULL": True},
    }


PLAIN = [batch(), table()]
SCAN = {"Items": [typed(batch(is_active=...)), typed(table())], "Count": 2, "ScannedCount": 2, "ConsumedCapacity": None}
LINES = "\n".join(json.dumps(entry) for entry in PLAIN)
EXPORT = "\n".join(json.dumps({"Item": typed(entry)}) for entry in PLAIN)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(PLAIN),
        LINES,
        LINES.replace("\n", "\r\n") + "\r\n\r\n",
        "\n".join(json.dumps(entry, indent=2) for entry in PLAIN),
        json.dumps({"tables": PLAIN}),
        json.dumps({"Items": PLAIN}),
        json.dumps({"odpf_raw_table_config": [{"PutRequest": {"Item": entry}} for entry in PLAIN]}),
        json.dumps(PLAIN).encode("utf-8-sig"),
        json.dumps(PLAIN).encode("utf-16"),
        json.dumps(SCAN),
        EXPORT,
    ],
    ids=["list", "lines", "crlf", "objects", "dict", "items", "requests", "bom", "utf-16", "scan", "export"],
)
def test_every_form_gives_the_same_entries(write: Write, content: str | bytes) -> None:
    found = answer(write(content))
    assert found["refused"] == []
    (cadence,) = found["manifest"]["batch_configs"]
    (entry,) = found["manifest"]["raw_table_configs"]
    assert (cadence["glue_job_max_workers"], cadence["refresh_tables_batch_size"]) == (10, 5)
    assert (entry["source_table_name"], entry["hudi_primary_key"], entry["is_active"]) == (
        "sales.orders",
        "ORDER_ID",
        "Y",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("\ufeff \n", "is empty"),
        ("[]", "holds no entry"),
        ('{"Items": []}', "holds no entry"),
        ('[\n  {"refresh_cadence": "10_min_refresh",}\n]', "is not JSON: Expecting property name enclosed in double"),
        ('[\n  {"refresh_cadence": "10_min_refresh",}\n]', "line 2 column"),
        ('{"a": 1}\n{"a": ', "line 2 column"),
        (b'["\xff"]', "is not UTF-8: byte 2"),
        ('{"refresh_cadence": "a", "refresh_cadence": "b"}', "one object names 'refresh_cadence' twice; keep one"),
        ("3", "must hold a list of entries"),
        ('{"orders": {"refresh_cadence": "10_min_refresh"}}', "must hold a list of entries"),
        ('["orders"]', "entry 1 must be an object"),
        ('[{"refresh_cadence": "10_min_refresh"}]', "entry 1: is neither"),
        ('[{"raw_table_name": {"L": []}}]', "entry 1: raw_table_name: holds the DynamoDB type L"),
        ('{"Items": [], "LastEvaluatedKey": {}}', "is a part of the table (LastEvaluatedKey)"),
        ('{"raw_table_configs": []}', "is a manifest already; `odp config validate` checks it"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_file_that_cannot_be_read_is_named_with_the_reason(write: Write, content: str | bytes, problem: str) -> None:
    path = write(content)
    refused = answer(path)["refused"]
    assert any(each.startswith(f"{path}: {problem}") or problem in each for each in refused), refused
    assert all(each.startswith(f"{path}: ") for each in refused)


def test_every_broken_file_is_named_at_once(write: Write) -> None:
    first, second = write("", "a.json"), write("{", "b.json")
    result = run_import(first, second)
    assert result.exit_code == 1
    assert f"✗ {first}: is empty" in result.stdout
    assert f"✗ {second}: is not JSON" in result.stdout


@pytest.mark.parametrize("value", [r"s.\ud800", r"\udc00"])
def test_half_of_a_character_is_refused_before_it_reaches_manifest_or_report(write: Write, value: str) -> None:
    text = json.dumps([batch(), table(source_table_name="@")]).replace("@", value)
    (problem,) = refusals(write(text))
    assert "half of a character" in problem


@pytest.mark.parametrize("levels", [60, 970, 5000])
def test_entries_that_nest_too_deeply_are_refused(write: Write, levels: int) -> None:
    text = json.dumps([batch(), table(hudi_primary_key="@")]).replace('"@"', "[" * levels + "]" * levels)
    (problem,) = refusals(write(text))
    assert "nested too deeply" in problem


def test_endless_number_is_refused_in_words_of_a_file(write: Write) -> None:
    text = json.dumps([batch(glue_job_max_workers="@"), table()]).replace('"@"', "1" * 5000)
    (problem,) = refusals(write(text))
    assert "a number has too many digits" in problem


def test_json_beside_the_output_that_nobody_can_read_is_no_manifest(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "other.json").write_text("[" * 5000 + "]" * 5000)
    result = run_import(write([batch(), table()]), "--output", folder / "new.json")
    assert result.exit_code == 0, result.output
