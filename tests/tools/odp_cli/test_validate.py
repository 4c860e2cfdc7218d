"""`odp config validate`: the messages of the Configuration Manager, before the push."""

import json
from pathlib import Path
from typing import Any

import pytest
from odp.configuration import fields_of
from odp_cli.app import app, main
from typer.testing import CliRunner, Result

from tests.configuration import KNOWN
from tests.unit.odp.samples import batch_config, table_config


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    folder = tmp_path / "manifests"
    folder.mkdir()
    write(folder)
    return folder


def write(folder: Path, **table: Any) -> None:
    entry = fields_of(table_config()) | table
    content = {"batch_configs": [fields_of(batch_config())], "raw_table_configs": [entry]}
    (folder / "sales.json").write_text(json.dumps(content))


def validate(folder: Path, *options: str) -> Result:
    of_tests = ["--manifests", str(folder), "--platform", str(KNOWN)]
    return CliRunner().invoke(app, ["config", "validate", *of_tests, *options])


def test_good_manifests_are_counted_and_named_valid(manifests: Path) -> None:
    result = validate(manifests)
    assert (result.exit_code, result.output.strip()) == (0, "✓ 1 tables, cadences: 1; valid for dev, test, prod")


def test_every_problem_is_told_by_file_entry_and_field(manifests: Path) -> None:
    write(manifests, hudi_primary_keys="ID", is_active="yes")
    result = validate(manifests)
    assert result.exit_code == 1
    assert sorted(result.output.splitlines(), reverse=True) == [
        "✗ sales.json: raw_table_configs: s.t: unknown field 'hudi_primary_keys'; did you mean 'hudi_primary_key'?",
        "✗ sales.json: raw_table_configs: s.t: is_active: 'yes' is not known; write Y or N",
    ]


def test_table_of_a_source_that_an_environment_lacks_is_refused_for_that_environment(manifests: Path) -> None:
    write(manifests, source_table_name="crm:s.t")
    result = validate(manifests, "--env", "test")
    assert result.exit_code == 1
    assert result.output.startswith("✗ test: sales.json: raw_table_configs: crm:s.t: source_table_name: ")
    assert "has no source crm (it has default)" in result.output


def test_answer_for_programs_is_json(manifests: Path) -> None:
    assert json.loads(validate(manifests, "--json", "--env", "dev").output) == {
        "refused": [],
        "warnings": [],
        "tables": 1,
        "cadences": 1,
        "environments": ["dev"],
    }
    write(manifests, is_active="yes")
    refused = validate(manifests, "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.output)["refused"][0].endswith("'yes' is not known; write Y or N")


def test_merge_on_read_table_is_valid_with_a_warning_of_athenas_limits(manifests: Path) -> None:
    write(manifests, hudi_table_type="merge_on_read")
    result = validate(manifests)
    warning, valid = result.output.splitlines()
    assert (result.exit_code, valid) == (0, "✓ 1 tables, cadences: 1; valid for dev, test, prod")
    assert warning.startswith("! sales.json: raw_table_configs: s.t: hudi_table_type: merge_on_read: Athena shows ")
    assert json.loads(validate(manifests, "--json").output)["warnings"] == [warning.removeprefix("! ")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"{", "is not JSON"), (b"\xff", "is not UTF-8: byte 0"), (b'{"a": 1, "a": 2}', "one object names 'a' twice")],
)
def test_file_that_is_no_manifest_is_told(manifests: Path, content: bytes, problem: str) -> None:
    (manifests / "broken.json").write_bytes(content)
    result = validate(manifests)
    assert result.exit_code == 1
    assert f"✗ broken.json: {problem}" in result.output


def test_folder_without_manifests_is_told(tmp_path: Path) -> None:
    result = validate(tmp_path)
    assert result.exit_code == 1
    assert "holds no manifest" in result.output


def test_sizes_that_a_manifest_leaves_open_come_from_the_environment(manifests: Path) -> None:
    content = json.loads((manifests / "sales.json").read_text())
    del content["batch_configs"][0]["glue_job_worker_type"]
    (manifests / "sales.json").write_text(json.dumps(content))
    assert validate(manifests).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["validate", "--platform", str(KNOWN), "--env", "dve"],
            "there is no environment dve\n  To mend it: name one of dev, test, prod",
        ),
        (["validate", "--platform", "nowhere.json"], "nowhere.json is not a valid configuration"),
    ],
)
def test_question_that_cannot_be_answered_has_an_exit_code_of_its_own(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["odp", "config", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
