"""The odp command on a lake in which a DMS task has been writing."""

import json
from pathlib import Path

import pytest
from odp.config_manager.manifest import parse_manifests
from odp_cli.app import app
from typer.testing import CliRunner

from deployment_account.names import Shared
from rehearsal.demo.deployed_lake import DeployedLake


@pytest.fixture
def landed(lake: DeployedLake, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the staging bucket, with the credentials of its account at hand."""
    for name, value in lake.shell_environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://{lake.published(Shared.STAGING_BUCKET)}"


def test_manifest_drafted_from_landed_files_names_the_keys_of_all_tables_and_is_valid(
    landed: str, tmp_path: Path
) -> None:
    output = tmp_path / "draft.json"
    result = CliRunner().invoke(app, ["config", "infer", "--source", landed, "--output", str(output)])
    assert result.exit_code == 0, result.output
    drafted = parse_manifests({"draft.json": output.read_text()})
    keys = {table.source_table_name: table.primary_key for table in drafted.tables}
    assert keys == dict.fromkeys((f"taxi_trips.table_{number}" for number in range(1, 19)), ("PK_ID",)) | {
        "taxi_trips.zones": ("LOCATIONID",),
        "taxi_trips.vendors": ("VENDORID",),
        "taxi_trips.rate_codes": ("RATECODEID",),
        "taxi_trips.payment_types": ("PAYMENT_TYPE",),
        "taxi_trips.trip_types": ("TRIP_TYPE",),
    }
    assert {table.change_sequence for table in drafted.tables} == {"CDC_TIMESTAMP_SEQ"}
    assert {batch.refresh_cadence for batch in drafted.batches} == {"10_min_refresh", "1_hour_refresh"}, "busy, quiet"


def test_evidence_for_programs_names_what_was_weighed(landed: str) -> None:
    result = CliRunner().invoke(app, ["config", "infer", "--source", landed, "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer.keys() == {"evidence", "draft"}
    assert "unique and never NULL in" in result.stdout


def test_drafted_file_is_never_written_over(landed: str, tmp_path: Path) -> None:
    output = tmp_path / "mine.json"
    output.write_text("by hand")
    result = CliRunner().invoke(app, ["config", "infer", "--source", landed, "--output", str(output)])
    assert "File exists" in str(result.exception)
    assert output.read_text() == "by hand"
