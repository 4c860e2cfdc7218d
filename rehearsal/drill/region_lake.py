"""The lake of one Region in a drill: refreshed by its state machine, compared with the source."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployment_account.names import Shared
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.drill.source import COLUMNS, SCHEMA, DrillTable
from rehearsal.drill.writer import Target
from rehearsal.validation.lake import LakeTableError

CADENCE = "1_min_refresh"
_POLL_SECONDS = 0.3
_LONGEST_SECONDS = 900


class DrillError(Exception):
    """The drill found what must not be."""


@dataclass(frozen=True)
class RegionLake:
    """One Region of the drill's environment."""

    lake: DeployedLake

    @property
    def region(self) -> str:
        """Its Region."""
        return self.lake.environment.region

    @property
    def target(self) -> Target:
        """Where a source writes."""
        return Target(self.region, self.lake.published(Shared.STAGING_BUCKET), self.lake.client("s3"))

    def begin_refresh(self) -> str:
        """Start the state machine as the cadence's schedule does."""
        target = self.lake.schedule(CADENCE)["Target"]
        started = self.lake.client("stepfunctions").start_execution(
            stateMachineArn=target["Arn"], input=target["Input"]
        )
        return str(started["executionArn"])

    def status_of(self, execution: str) -> str:
        """RUNNING, or how it ended."""
        return str(self.lake.client("stepfunctions").describe_execution(executionArn=execution)["status"])

    def ended(self, execution: str, look: Callable[[], None] = lambda: None) -> str:
        """Wait for an execution's end, looking meanwhile, and return how it ended."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        while (status := self.status_of(execution)) == "RUNNING":
            if time.monotonic() > deadline:
                raise DrillError(f"{execution} still runs after {_LONGEST_SECONDS} s")
            look()
            time.sleep(_POLL_SECONDS)
        look()
        return status

    def refresh(self, look: Callable[[], None] = lambda: None) -> str:
        """Run the state machine once, to its end."""
        return self.ended(self.begin_refresh(), look)

    def commits(self) -> dict[str, str]:
        """What the newest commit of each table is, by the Data Catalog or by Hudi's timeline."""
        return dict(self._commits())

    def marked_files(self) -> set[str]:
        """The keys of files of which this Region's copy of the global table says that they landed in either Region."""
        pages = self.lake.client("dynamodb").get_paginator("scan").paginate(TableName=self.lake.names.region_table)
        return {item["key"]["S"] for page in pages for item in page["Items"] if "key" in item}

    def unequal(self, tables: Sequence[DrillTable]) -> list[str]:
        """The tables whose rows are not the source's rows, with how many differ."""
        catalog = self.lake.catalog_tables(CADENCE)
        return [said for table in tables if (said := self._difference(table, catalog))]

    def _difference(self, table: DrillTable, catalog: Mapping[str, Mapping[str, Any]]) -> str:
        found = catalog.get(f"{SCHEMA}.{table.name}")
        if found is None:
            return f"{table.name} is not there"
        try:
            rows = self.lake.read(found).to_pylist()
        except LakeTableError as error:
            return f"{table.name}: {error}"
        there = sorted(map(_comparable, rows))
        wanted = sorted(map(_comparable, table.rows.values()))
        if there == wanted:
            return ""
        missing, extra = len(set(wanted) - set(there)), len(set(there) - set(wanted))
        return f"{table.name}: {missing} rows missing or old, {extra} too many, {len(there)} of {len(wanted)} there"

    def _commits(self) -> Iterator[tuple[str, str]]:
        for name, table in self.lake.catalog_tables(CADENCE).items():
            parameters = table.get("Parameters", {})
            yield name, parameters.get("metadata_location") or self._newest_instant(table)

    def _newest_instant(self, table: Mapping[str, Any]) -> str:
        bucket, _, prefix = str(table["StorageDescriptor"]["Location"]).removeprefix("s3://").partition("/")
        pages = (
            self.lake.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/.hoodie/")
        )
        keys = [each["Key"].rpartition("/")[2] for page in pages for each in page.get("Contents", ())]
        return max((key for key in keys if key.endswith((".commit", ".deltacommit", ".replacecommit"))), default="")


def _comparable(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Values of the source's columns as text: engines may change the letter case of names, never values."""
    by_name = {name.upper(): value for name, value in row.items()}
    return tuple(repr(by_name.get(name)) for name in COLUMNS)
