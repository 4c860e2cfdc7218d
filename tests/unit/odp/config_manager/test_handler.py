"""What the function is told by its environment variables."""

import json

import pytest
from odp.config_manager import handler
from odp.errors import ManifestError
from odp.variables import ConfigManagerVariables

VARIABLES = {
    "LAKE": "odp-dev",
    "BATCH_CONFIG_TABLE": "batches",
    "RAW_TABLE_CONFIG_TABLE": "tables",
    "CONFIG_DEPLOY_TRACKER_TABLE": "requests",
    "FILE_PROCESSING_TRACKER_TABLE": "leases",
    "CONFIG_BUCKET": "lake-config",
    "DATABASE_PREFIX": "second_",
    "CADENCE_DEFAULTS": "{}",
    "DEPLOYED_CADENCES": "10_min_refresh,1_hour_refresh",
    "DEPLOYED_GLUE_JOBS": "odpf_file_processor",
    "SOURCES": '{"default":{"folder":""}}',
}


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def test_lake_is_told_prefix_cadences_jobs_and_no_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAW_BUCKET", raising=False)
    lake = handler._lake(ConfigManagerVariables.read())
    assert lake.names.database_prefix == "second_"
    assert lake.deployed.cadences == {"10_min_refresh", "1_hour_refresh"}
    assert lake.deployed.glue_jobs == {"odpf_file_processor"}
    with pytest.raises(ManifestError):
        lake.desired({"broken.json": "{"})


def test_sources_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert handler._lake(ConfigManagerVariables.read()).deployed.sources == {"default"}
    monkeypatch.setenv("SOURCES", json.dumps({"default": {"folder": ""}, "crm": {"folder": "crm"}}))
    assert handler._lake(ConfigManagerVariables.read()).deployed.sources == {"default", "crm"}
