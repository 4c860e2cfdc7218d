"""The deployed Configuration Manager: a request becomes the running configuration, or says why not."""

import re
import zlib

from deployment_account.names import Odp, OdpTable
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.config_manager.configurations import CADENCE, Configurations, manifest, seen_of
from tests.embedded.waiting import eventually

TABLES = {"a": "REGION", "b": "REGION", "c": "-"}


def test_manifests_of_the_deployment_came_with_it_and_are_running(deployed_lake: DeployedLake) -> None:
    first, *_ = deployed_lake.configuration_requests()
    assert (first["request_status"], first["changes"]) == ("applied", {"added": 24})
    assert first["requested_by"].endswith(", by hand")
    assert b"taxi_trips.table_18" in zlib.decompress(bytes(first["document"]))


def test_request_is_applied_by_its_event_and_each_change_is_in_the_ledger(configurations: Configurations) -> None:
    configurations.decided(configurations.upload(manifest(5, TABLES)))
    changed = {"a": "COUNTRY", "c": "REGION", "d": "REGION", "b": "-"}
    request = configurations.decided(configurations.upload(manifest(6, changed), commit="def456"))
    assert configurations.seen() == seen_of(6, changed)
    assert (request.status, request.commit, request.requested_by) == ("applied", "def456", "a test")
    assert {change.name: change.kind for change in request.changes} == {
        CADENCE: "changed",
        "many.a": "changed",
        "many.b": "deactivated",
        "many.c": "reactivated",
        "many.d": "added",
    }
    (batch_size,) = [change.differences for change in request.changes if change.name == CADENCE]
    assert batch_size == (("refresh_tables_batch_size", "5", "6"),)


def test_removed_entries_are_gone_and_named(configurations: Configurations) -> None:
    configurations.decided(configurations.upload(manifest(5, TABLES)))
    request = configurations.decided(configurations.upload(manifest(5, {"a": "REGION"})))
    assert configurations.seen() == seen_of(5, {"a": "REGION"})
    assert [(change.name, change.kind) for change in request.changes] == [("many.b", "removed"), ("many.c", "removed")]


def test_second_upload_of_the_same_content_changes_nothing(configurations: Configurations) -> None:
    configurations.decided(configurations.upload(manifest(5, TABLES)))
    request = configurations.decided(configurations.upload(manifest(5, TABLES), commit="later"))
    assert (request.status, request.changes) == ("unchanged", ())


def test_event_that_comes_again_changes_nothing(configurations: Configurations) -> None:
    older = configurations.upload(manifest(5, TABLES))
    configurations.decided(older)
    newer = configurations.upload(manifest(7, TABLES))
    configurations.decided(newer)
    before = configurations.lake.configuration_requests()
    for late in (older, newer, older):
        assert configurations.announce(late) == {"batchItemFailures": []}
    assert configurations.seen() == seen_of(7, TABLES)
    assert configurations.lake.configuration_requests() == before


def test_refused_request_keeps_what_runs_counts_for_the_alarm_and_names_every_reason(
    configurations: Configurations,
) -> None:
    configurations.decided(configurations.upload(manifest(5, TABLES)))
    request = configurations.decided(
        configurations.upload(manifest(500, {"a": "REGION", "a b": "REGION"}, cadence="1_hour_refresh"))
    )
    assert request.was_refused
    assert [reason.split(": ")[3] for reason in request.reasons[:1]] == ["refresh_tables_batch_size"]
    assert configurations.seen() == seen_of(5, TABLES)
    name = configurations.lake.published(Odp.CONFIG_MANAGER_FUNCTION)
    logs = configurations.lake.client("logs")
    (group,) = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
        if "ConfigManagerHandler" in group["logGroupName"] or name in group["logGroupName"]
    ][:1]
    events = logs.filter_log_events(logGroupName=group)["events"]
    assert any('/config-manager"' in event["message"] and '"level":"WARNING"' in event["message"] for event in events)
    assert any(re.search(r'"RefusedConfigurations": ?\[1(\.0)?\]', event["message"]) for event in events)


def test_cadence_that_has_no_schedule_is_refused(configurations: Configurations) -> None:
    request = configurations.decided(configurations.upload(manifest(5, {}, cadence="1_hour_refresh")))
    assert "many.json: batch_configs: 1_hour_refresh: this environment has no schedule" in request.reasons[0]


def test_what_is_no_request_at_all_is_kept_and_refused(configurations: Configurations) -> None:
    request_id = configurations.upload_bytes(b"\x00 not JSON")
    assert configurations.decided(request_id).was_refused
    kept = [item for item in configurations.lake.configuration_requests() if item["request_id"] == request_id]
    assert zlib.decompress(bytes(kept[0]["document"])) == b"\x00 not JSON"


def test_filled_table_keeps_its_key_while_an_empty_one_may_change(configurations: Configurations) -> None:
    lake = configurations.lake
    configurations.decided(configurations.upload(manifest(5, TABLES)))
    leases = lake.dynamodb.Table(lake.table(OdpTable.FILE_PROCESSING_TRACKER))
    identity = {"hudi_partition_key": "REGION"}
    name = "odpf_demo_taxi_trips_raw.many_a"
    leases.put_item(Item={"raw_table_name": name, "refresh_status": "completed", "written_with": identity})
    try:
        refused = configurations.decided(configurations.upload(manifest(5, TABLES | {"a": "COUNTRY"})))
        assert "partition_key: odpf_demo_taxi_trips_raw.many_a holds data written with 'REGION'" in str(refused.reasons)
        accepted = configurations.decided(configurations.upload(manifest(5, TABLES | {"b": "COUNTRY"})))
        assert accepted.status == "applied"
    finally:
        leases.delete_item(Key={"raw_table_name": name})


def test_table_that_is_being_filled_now_leaves_the_request_open_until_it_is(configurations: Configurations) -> None:
    lake = configurations.lake
    configurations.decided(configurations.upload(manifest(5, TABLES)))
    leases = lake.dynamodb.Table(lake.table(OdpTable.FILE_PROCESSING_TRACKER))
    key = {"raw_table_name": "odpf_demo_taxi_trips_raw.many_a"}
    leases.put_item(Item={**key, "refresh_status": "updating_table"})
    request_id = configurations.upload(manifest(5, TABLES | {"a": "COUNTRY"}))
    eventually(lambda: [r for r in lake.configuration_requests() if r["request_id"] == request_id])
    assert configurations.announce(request_id) == {"batchItemFailures": [{"itemIdentifier": request_id}]}
    assert configurations.seen() == seen_of(5, TABLES)
    leases.delete_item(Key=key)
    assert configurations.announce(request_id) == {"batchItemFailures": []}
    assert configurations.seen() == seen_of(5, TABLES | {"a": "COUNTRY"})
