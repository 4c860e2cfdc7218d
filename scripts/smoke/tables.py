"""The tables of a smoke test: their configuration, their files, their entries in the framework's tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from deployment_account.names import OdpTable, Shared
from scripts.smoke.costs import WORKERS
from scripts.smoke.dms_files import KEY, PARTITION, SEQUENCE
from scripts.smoke.lake import Item, SmokeLake
from scripts.smoke.made import Made, Phase
from scripts.smoke.names import SmokeNames
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.patience import Patience
from scripts.smoke.removal import remove_objects

RUN = "smoke_run"
"""The field of a configured cadence that says which smoke test made it; readers leave unknown fields alone."""
SUMS = "#pending"
"""The partition of odpf_file_tracker with one item for each table that has pending files."""
LONGEST_CADENCE = 59
"""Minutes: from an hour on runs are Flex, and may wait for room."""
CLAIM = "cadence#"
"""Begins the keys of cadences in odpf_file_processing_tracker."""
QUARANTINE_KINDS = (
    "rejected_file", "refused_table", "held_load", "held_file", "skipped_file", "unconfigured_table", "vanished_load",
)  # fmt: skip


@dataclass(frozen=True)
class SmokeTable:
    """One table of the run, under the names that the framework's tables know it by."""

    name: str
    source_table: str
    cadence: str
    database: str
    lake_table: str
    landing: str

    @property
    def qualified(self) -> str:
        """The name under which leases and runs are kept."""
        return f"{self.database}.{self.lake_table}"


class SmokeTables:
    """Makes tables beside those of the lake: in a database that the job may write, under names of the run."""

    def __init__(self, lake: SmokeLake, names: SmokeNames, made: Made, patience: Patience) -> None:
        self._lake, self._names, self._made, self._patience = lake, names, made, patience
        self._known: dict[str, SmokeTable] = {}
        self._landed: dict[str, int] = {}

    @cached_property
    def _like(self) -> tuple[Item, Item]:
        """The first configured table and its cadence: the fields of the smoke tables are like theirs.

        Raises:
            StepFailedError: nothing is configured.
        """
        batches = {item["refresh_cadence"]: item for item in self._lake.configured(OdpTable.BATCH_CONFIG)}
        tables = self._lake.configured(OdpTable.RAW_TABLE_CONFIG)
        tables = [item for item in tables if "raw_database_name" in item and item["refresh_cadence"] in batches]
        if not tables:
            raise StepFailedError(
                "no table is configured",
                advice="add table manifests in etl-repo/table_configs, push, and see that the Configuration Manager "
                "applied them (odp_config_deploy_tracker, odp status)",
            )
        first = min(tables, key=lambda item: str(item["source_table_name"]))
        return batches[first["refresh_cadence"]], first

    @property
    def job(self) -> str:
        """The physical name of the Glue job that refreshes the smoke tables."""
        return self._lake.names.glue_job(str(self._like[0]["glue_job_name"]))

    @property
    def bucket(self) -> str:
        """Where the files of the smoke tables are."""
        role = str(self._like[1]["raw_database_S3_bucket"])
        return self._lake.published(f"buckets/{role}")

    def table(self, name: str, *, is_active: bool = True) -> SmokeTable:
        """Configure a table of the run, once; a deployment that comes meanwhile takes the entries out again."""
        if name not in self._known:
            batch, like = self._like
            names = self._names
            table = SmokeTable(
                name=name,
                source_table=names.source_table(name),
                cadence=self._free_cadence(),
                database=str(like["raw_database_name"]),
                lake_table=names.lake_table(name),
                landing=names.landing(name),
            )
            self._note(table)
            self._configure(table, batch, like, is_active=is_active)
            self._known[name] = table
        return self._known[name]

    def land(self, table: SmokeTable, file: str, body: bytes) -> str:
        """Put a file where DMS would."""
        key = f"{self._names.require_own(table.landing)}{file}"
        self._lake.s3.put_object(Bucket=self._staging, Key=key, Body=body)
        self._landed[table.name] = self._landed.get(table.name, 0) + 1
        return key

    def until_registered(self, table: SmokeTable, files: int) -> list[Item]:
        """Wait until so many files of a table are pending."""
        return self._patience.until(
            f"{files} pending files of {table.name}", lambda: self.pending(table), lambda found: len(found) >= files
        )

    def pending(self, table: SmokeTable) -> list[Item]:
        """The files of a table that the File Manager has registered and nobody has applied."""
        return self._lake.items(OdpTable.FILE_TRACKER, Key("source_table_name").eq(table.source_table))

    def date_back(self, table: SmokeTable, hours: int) -> None:
        """Let the pending files of a table have landed earlier: a load counts as over after a quarter of an hour."""
        tracker = self._lake.table(OdpTable.FILE_TRACKER)
        for item in self.pending(table):
            earlier = datetime.fromisoformat(str(item["file_ingestion_date_time"])) - timedelta(hours=hours)
            tracker.update_item(
                Key={"source_table_name": item["source_table_name"], "file_id": item["file_id"]},
                UpdateExpression="SET file_ingestion_date_time = :earlier",
                ConditionExpression="attribute_exists(file_id)",
                ExpressionAttributeValues={":earlier": f"{earlier:%Y-%m-%dT%H:%M:%SZ}"},
            )

    def lease(self, table: SmokeTable) -> Item:
        """What odpf_file_processing_tracker has of a table."""
        return self._processing_item(table.qualified)

    def claim(self, table: SmokeTable) -> Item:
        """Which execution has the cadence of a table."""
        return self._processing_item(f"{CLAIM}{table.cadence}")

    def last_run(self, table: SmokeTable) -> Item:
        """The newest entry of a table in the history of runs."""
        runs = self._lake.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY, Key("raw_table_name").eq(table.qualified))
        return max(runs, key=lambda run: str(run["refresh_end_date_time"]), default={})

    def quarantined(self, table: SmokeTable) -> list[Item]:
        """The entries in quarantine that are about a table or its files."""
        mine = Attr("source_table_name").eq(table.source_table) | Attr("file_ingestion_path").begins_with(table.landing)
        return [
            item
            for kind in QUARANTINE_KINDS
            for item in self._lake.items(OdpTable.QUARANTINE, Key("quarantine_kind").eq(kind), FilterExpression=mine)
        ]

    def _free_cadence(self) -> str:
        """A cadence is named after its interval; one that the lake has not is started by no schedule.

        Raises:
            StepFailedError: the lake has nearly all of them.
        """
        used = {str(item["refresh_cadence"]) for item in self._lake.configured(OdpTable.BATCH_CONFIG)}
        free = (f"{minutes}_min_refresh" for minutes in range(LONGEST_CADENCE, 0, -1))
        found = next((cadence for cadence in free if cadence not in used), None)
        if found is None:
            raise StepFailedError(
                "every cadence of less than an hour is configured", advice="give a smaller --parallel"
            )
        return found

    @property
    def _staging(self) -> str:
        return self._lake.published(Shared.STAGING_BUCKET)

    def _processing_item(self, key: str) -> Item:
        tracker = self._lake.table(OdpTable.FILE_PROCESSING_TRACKER)
        found: Item = tracker.get_item(Key={"raw_table_name": key}, ConsistentRead=True).get("Item", {})
        return found

    def _configure(self, table: SmokeTable, batch: Item, like: Item, *, is_active: bool) -> None:
        cadence = {
            **batch,
            "refresh_cadence": table.cadence,
            RUN: self._names.run,
            "glue_job_worker_type": "G.1X",
            "glue_job_max_workers": WORKERS,
        }
        entry = {
            **like,
            "refresh_cadence": table.cadence,
            "source_table_name": table.source_table,
            "hudi_primary_key": KEY,
            "hudi_partition_key": PARTITION,
            "hudi_precombine_field": SEQUENCE,
            "table_data_versioning_type": "S",
            "is_active": "Y" if is_active else "N",
            "raw_table_name": table.lake_table,
            "column_names": "refuse",
            "on_dropped_column": "null",
            "before_images": "none",
        }
        new = "attribute_not_exists(refresh_cadence)"
        self._lake.table(OdpTable.BATCH_CONFIG).put_item(Item=cadence, ConditionExpression=new)
        self._lake.table(OdpTable.RAW_TABLE_CONFIG).put_item(Item=entry, ConditionExpression=new)

    def _note(self, table: SmokeTable) -> None:
        name, tables = table.source_table, "odpf_batch_config, odpf_raw_table_config"
        self._made.note(
            Phase.CONFIGURATION,
            f"configuration of {name}",
            lambda: self._forget_configuration(table),
            by_hand=f"delete the items of cadence {table.cadence} in {tables}",
        )
        self._made.note(
            Phase.BOOKS,
            f"entries of {name}",
            lambda: self._forget(table),
            by_hand=f"delete the items of {name} and {table.qualified} in odpf_file_tracker, "
            "odpf_file_processing_tracker and odpf_quarantine",
        )
        self._made.note(
            Phase.LAKE,
            f"table {table.qualified}",
            lambda: self._drop(table),
            by_hand=f"drop the table in the Data Catalog and delete {table.database}/{table.lake_table}/ in the bucket",
        )
        self._made.note(
            Phase.LANDED,
            f"landed files {table.landing}",
            lambda: self._take_away(table),
            by_hand=f"delete all versions below {table.landing} in the staging bucket",
        )

    def _forget_configuration(self, table: SmokeTable) -> None:
        cadence = {"refresh_cadence": table.cadence}
        entry = {**cadence, "source_table_name": self._names.require_own(table.source_table)}
        self._lake.table(OdpTable.RAW_TABLE_CONFIG).delete_item(Key=entry)
        self._delete_if(OdpTable.BATCH_CONFIG, cadence, f"{RUN} = :run")

    def _forget(self, table: SmokeTable) -> None:
        """The history of files and runs stays, as that of every table does."""
        for place, key in self._entries(table):
            self._lake.table(place).delete_item(Key=key)
        claim = {"raw_table_name": f"{CLAIM}{table.cadence}"}
        self._delete_if(OdpTable.FILE_PROCESSING_TRACKER, claim, "contains(execution, :run)")

    def _delete_if(self, place: OdpTable, key: dict[str, str], condition: str) -> None:
        """Delete an item whose key does not tell that it is of this run; another's stays."""
        tracker = self._lake.table(place)
        with suppress(tracker.meta.client.exceptions.ConditionalCheckFailedException):
            tracker.delete_item(
                Key=key, ConditionExpression=condition, ExpressionAttributeValues={":run": self._names.run}
            )

    def _entries(self, table: SmokeTable) -> Iterator[tuple[OdpTable, dict[str, Any]]]:
        name, qualified = map(self._names.require_own, (table.source_table, table.qualified))
        for item in self.pending(table):
            yield OdpTable.FILE_TRACKER, {"source_table_name": name, "file_id": item["file_id"]}
        yield OdpTable.FILE_TRACKER, {"source_table_name": SUMS, "file_id": name}
        yield OdpTable.FILE_PROCESSING_TRACKER, {"raw_table_name": qualified}
        for item in self.quarantined(table):
            self._names.require_own(str(item))
            entry = {"quarantine_kind": item["quarantine_kind"], "entry_id": item["entry_id"]}
            yield OdpTable.QUARANTINE, entry

    def _drop(self, table: SmokeTable) -> None:
        glue = self._lake.client("glue")
        with suppress(glue.exceptions.EntityNotFoundException):
            glue.delete_table(DatabaseName=table.database, Name=self._names.require_own(table.lake_table))
        remove_objects(self._lake.s3, self.bucket, self._names.require_own(f"{table.database}/{table.lake_table}/"))

    def _take_away(self, table: SmokeTable) -> None:
        """An event that is still under way would register a file after its entries are gone."""
        landed = self._landed.get(table.name, 0)
        try:
            self._patience.until(
                f"the events of {table.name}", lambda: self._told(table), lambda told: told >= landed, at_most=60
            )
        finally:
            remove_objects(self._lake.s3, self._staging, self._names.require_own(table.landing))

    def _told(self, table: SmokeTable) -> int:
        """How many files of a table the File Manager has heard of."""
        done = self._lake.items(OdpTable.FILE_TRACKER_HISTORY, Key("source_table_name").eq(table.source_table))
        return len(done) + len(self.pending(table))
