"""The demo shows all changes of a request: its last change is recorded after it counts as applied."""

import json
from dataclasses import dataclass, field
from typing import Any, cast

from odp.config_manager.manifest import parse_manifests

from rehearsal.demo.configuration import forbidden_change, in_format, permitted_change, wait_until_decided
from rehearsal.demo.deployed_lake import DeployedLake


@dataclass
class Ledger:
    """A ledger whose contents change with each look; the last one stays."""

    looks: list[list[dict[str, Any]]] = field(default_factory=list)
    looked: int = 0

    def configuration_requests(self) -> list[dict[str, Any]]:
        counts = {"added": 2}
        request = {"request_id": "r", "request_status": "applied", "deployed_at": "t", "changes": counts}
        return [{**request, "decided_at": "2026-01-01T00:00:00Z", "commit": "c", "requested_by": "p"}]

    def configuration_changes(self, deployed_at: str) -> list[dict[str, Any]]:
        assert deployed_at == "t"
        self.looked += 1
        return self.looks[min(self.looked, len(self.looks)) - 1]


def test_request_is_shown_with_all_its_changes_although_it_counts_as_applied_before_they_are_written() -> None:
    lines = [{"source_table_name": name, "change": "added"} for name in ("a", "b")]
    ledger = Ledger([[], lines[:1], lines])
    told: list[str] = []
    shown = wait_until_decided(cast("DeployedLake", ledger), "a request", told.append)
    assert [change.name for change in shown.changes] == ["a", "b"]
    assert told == ["applied: 2 added"]


CADENCES = ("10_min_refresh", "1_min_refresh")
BATCHES = [
    {
        "refresh_cadence": cadence,
        "glue_job_name": "job",
        "glue_job_worker_type": "G.1X",
        "glue_job_max_workers": 2,
        "refresh_tables_batch_size": 5,
    }
    for cadence in CADENCES
]
TABLES = [
    {
        "source_table_name": name,
        "refresh_cadence": CADENCES[0],
        "primary_key": "K",
        "partition_key": "",
        "raw_database_name": "odpf_demo_taxi_trips_raw",
    }
    for name in ("s.one", "s.two")
]
OPEN = {"tables.json": json.dumps({"defaults": {"primary_key": "K"}, "raw_table_configs": [{}]})}


def test_format_is_given_to_the_tables_whose_manifest_names_none() -> None:
    reference = json.dumps({"defaults": {"table_format": "hudi"}, "raw_table_configs": []})
    given = in_format(OPEN | {"reference.json": reference, "batches.json": '{"batch_configs": []}'}, "iceberg")
    assert json.loads(given["tables.json"]) == {
        "defaults": {"primary_key": "K", "table_format": "iceberg"},
        "raw_table_configs": [{}],
    }
    assert (given["reference.json"], given["batches.json"]) == (reference, '{"batch_configs": []}')


def test_manifests_are_as_the_project_has_them_without_a_chosen_format() -> None:
    assert in_format(OPEN, None) == OPEN


def test_harmful_change_is_one_further_key_and_one_further_cadence_however_many_there_are() -> None:
    documents = {"m.json": json.dumps({"batch_configs": BATCHES, "raw_table_configs": TABLES})}
    asked = json.loads(forbidden_change(documents, parse_manifests(documents)).manifests["m.json"])
    assert [batch["refresh_cadence"] for batch in asked["batch_configs"]] == [*CADENCES, "1_hour_refresh"]
    assert [(table["primary_key"], table["refresh_cadence"]) for table in asked["raw_table_configs"]] == [
        ("VENDORID", "10_min_refresh"),
        ("K", "1_hour_refresh"),
    ]


def test_harmless_change_is_a_larger_batch_of_one_cadence() -> None:
    documents = {"m.json": json.dumps({"batch_configs": BATCHES, "raw_table_configs": TABLES})}
    asked = json.loads(permitted_change(documents, parse_manifests(documents)).manifests["m.json"])
    assert [batch["refresh_tables_batch_size"] for batch in asked["batch_configs"]] == [6, 5]
