"""A paused table keeps its data and its files, and goes on from there when it is active again."""

from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.records import FileType, LandedFile

from deployment_account.names import OdpTable
from tests.embedded.config_manager.configurations import Configurations, manifest
from tests.embedded.lake.odp.executions import plan_now
from tests.embedded.lake.odp.ledger import process

SOURCE = "many.a"


def test_files_of_a_paused_table_wait_and_are_planned_when_it_is_active_again(configurations: Configurations) -> None:
    lake = configurations.lake
    tracker = DynamoDbFileTracker(
        lake.dynamodb, lake.table(OdpTable.FILE_TRACKER), lake.table(OdpTable.FILE_TRACKER_HISTORY)
    )
    file = LandedFile(
        SOURCE, "1/a", FileType.CHANGES, "many", "a", "b", "many/a/20260101-1.parquet", 1, "", "2026-01-01T00:00:00Z"
    )
    tracker.register(file)
    for number, (tables, planned) in enumerate(
        [({"a": "REGION"}, [[SOURCE]]), ({"a": "-"}, []), ({"b": "REGION"}, []), ({"a": "REGION"}, [[SOURCE]])]
    ):
        configurations.decided(configurations.upload(manifest(5, tables)))
        assert plan_now(lake, f"pausing-{number}") == planned
        assert tracker.pending_files(SOURCE, 10).files == (file,)
    process(lake, file)
