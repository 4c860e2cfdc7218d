"""`odp config diff` against a running lake: what a push would change there, and whether it would be refused."""

import json
from pathlib import Path

import pytest
from odp_cli.app import app
from typer.testing import CliRunner, Result

from deployment_account.names import OdpTable
from tests.embedded.config_manager.configurations import CADENCE, Configurations, manifest

TABLES = {"a": "REGION", "b": "REGION"}


@pytest.fixture
def configurations(configurations: Configurations, monkeypatch: pytest.MonkeyPatch) -> Configurations:
    """The lake that runs TABLES, with the credentials of its account at hand."""
    for name, value in configurations.lake.shell_environment().items():
        monkeypatch.setenv(name, value)
    configurations.decided(configurations.upload(manifest(5, TABLES)))
    return configurations


def diff(folder: Path, manifests: dict[str, str], *options: str) -> Result:
    for name, text in manifests.items():
        (folder / name).write_text(text)
    return CliRunner().invoke(app, ["config", "diff", "--env", "test", "--manifests", str(folder), *options])


def test_running_manifests_have_nothing_to_change(configurations: Configurations, tmp_path: Path) -> None:
    result = diff(tmp_path, manifest(5, TABLES))
    assert (result.exit_code, result.output.strip()) == (0, "✓ test runs these manifests already")


def test_changes_are_shown_as_they_would_be_recorded(configurations: Configurations, tmp_path: Path) -> None:
    result = diff(tmp_path, manifest(6, {"a": "COUNTRY", "c": "REGION"}), "--json")
    assert result.exit_code == 0
    assert json.loads(result.output) == {
        "environment": "test",
        "changes": [
            {
                "name": CADENCE,
                "change": "changed",
                "fields": {"refresh_tables_batch_size": {"before": 5, "after": 6}},
            },
            {
                "name": "many.a",
                "change": "changed",
                "fields": {"hudi_partition_key": {"before": "REGION", "after": "COUNTRY"}},
            },
            *json.loads(result.output)["changes"][2:],
        ],
        "refused": [],
        "waits_for": "",
    }
    assert [change["change"] for change in json.loads(result.output)["changes"][2:]] == ["removed", "added"]
    table = diff(tmp_path, manifest(6, {"a": "COUNTRY", "c": "REGION"})).output
    assert "hudi_partition_key: REGION → COUNTRY" in table
    assert configurations.seen() == (5, {"many.a": "REGION", "many.b": "REGION"}), "a comparison changes nothing"


def test_push_brings_its_own_schedules(configurations: Configurations, tmp_path: Path) -> None:
    assert diff(tmp_path, manifest(5, TABLES, cadence="1_hour_refresh")).exit_code == 0


def test_refusal_has_the_words_of_the_configuration_manager_and_an_exit_code(
    configurations: Configurations, tmp_path: Path
) -> None:
    lake = configurations.lake
    leases = lake.dynamodb.Table(lake.table(OdpTable.FILE_PROCESSING_TRACKER))
    key = {"raw_table_name": "odpf_demo_taxi_trips_raw.many_a"}
    leases.put_item(Item={**key, "refresh_status": "completed", "written_with": {"hudi_partition_key": "REGION"}})
    try:
        changed = manifest(5, TABLES | {"a": "COUNTRY"})
        refused = configurations.decided(configurations.upload(changed))
        result = diff(tmp_path, changed)
        assert result.exit_code == 1
        assert [line for line in result.output.splitlines() if line.startswith("✗")] == [f"✗ {refused.reasons[0]}"]
    finally:
        leases.delete_item(Key=key)


def test_credentials_of_another_account_are_refused(
    configurations: Configurations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "222222222222")
    result = diff(tmp_path, manifest(5, TABLES))
    assert "the credentials are those of account 222222222222, but test is account" in str(result.exception)
