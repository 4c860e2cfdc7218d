"""The tables of a smoke test: their configuration, their files, and how all of it goes again."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property

from deployment_account.names import OdpTable, Shared
from scripts.smoke.costs import WORKERS
from scripts.smoke.dms_files import KEY, PARTITION, SEQUENCE
from scripts.smoke.lake import Item, SmokeLake
from scripts.smoke.ledger import RUN, SmokeLedger, SmokeTable
from scripts.smoke.made import Made, Phase
from scripts.smoke.names import SmokeNames
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.patience import Patience
from scripts.smoke.removal import remove_objects

SPARK, NATIVE = "spark", "native"
LONGEST_CADENCE = 59
"""Minutes: from an hour on runs are Flex, and may wait for room."""
_WRITTEN = {
    SPARK: {"table_storage_type": "hudi"},
    NATIVE: {"table_storage_type": "iceberg", "engine": NATIVE},
}
"""Steps look at Glue runs, or at calls of the function."""


class SmokeTables:
    """Creates tables beside the lake's own, in a database that the job may write, under names of the run."""

    def __init__(self, lake: SmokeLake, names: SmokeNames, made: Made, patience: Patience) -> None:
        self._lake, self._names, self._made, self._patience = lake, names, made, patience
        self.ledger = SmokeLedger(lake, names)
        self._known: dict[str, SmokeTable] = {}
        self._landed: list[str] = []

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

    def table(self, name: str, *, is_active: bool = True, engine: str = SPARK) -> SmokeTable:
        """Configure a table of the run, once; a deployment that comes meanwhile takes the entries out again.

        Spark's are Hudi tables, those of the native engine Iceberg tables.
        """
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
            fields = {field: value for field, value in like.items() if field != "engine"} | _WRITTEN[engine]
            self._configure(table, batch, fields, is_active=is_active)
            self._known[name] = table
        return self._known[name]

    def land(self, table: SmokeTable, file: str, body: bytes) -> str:
        """Put a file where DMS would."""
        key = f"{self._names.require_own(table.landing)}{file}"
        self._lake.s3.put_object(Bucket=self._staging, Key=key, Body=body)
        self._landed.append(key)
        return key

    def until_registered(self, table: SmokeTable, files: int) -> list[Item]:
        """Wait until so many files of a table are pending."""
        return self._patience.until(
            f"{files} pending files of {table.name}",
            lambda: self.ledger.pending(table),
            lambda found: len(found) >= files,
        )

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
            "hudi_table_type": "copy_on_write",
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
            lambda: self.ledger.forget_configuration(table),
            by_hand=f"delete the items of cadence {table.cadence} in {tables}",
        )
        self._made.note(
            Phase.LEDGER,
            f"entries of {name}",
            lambda: self.ledger.forget(table),
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

    def _drop(self, table: SmokeTable) -> None:
        glue = self._lake.client("glue")
        with suppress(glue.exceptions.EntityNotFoundException):
            glue.delete_table(DatabaseName=table.database, Name=self._names.require_own(table.lake_table))
        remove_objects(self._lake.s3, self.bucket, self._names.require_own(f"{table.database}/{table.lake_table}/"))

    def _take_away(self, table: SmokeTable) -> None:
        """An event that is still under way would register a file after its entries are gone."""
        landed = len([key for key in self._landed if key.startswith(table.landing)])
        try:
            self._patience.until(
                f"the events of {table.name}", lambda: self.ledger.told(table), lambda told: told >= landed, at_most=60
            )
        finally:
            remove_objects(self._lake.s3, self._staging, self._names.require_own(table.landing))
