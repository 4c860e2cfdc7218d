"""The deployed NYC taxi flow as a file server, an operator and an analyst meet it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from taxi.datasets.dataset import load_datasets
from taxi.records import REJECTED

from deployment_account.names import Shared, Taxi, TaxiName
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.validation.taxi_results import QUESTIONS
from tests.embedded.lake.taxi.trip_files import Row
from tests.embedded.waiting import eventually, until_taken, waiting

SECONDS = 600
DATASETS = tuple(load_datasets())
Item = dict[str, Any]


class Flow:
    """Puts files into the flow, and reads its services."""

    def __init__(self, lake: DeployedLake) -> None:
        self.lake = lake
        self.audit_table = lake.published(Taxi.AUDIT_TABLE)
        self.queue_url = lake.published(Taxi.LANDING_QUEUE_URL)
        self.machine_arn = lake.published(Taxi.STATE_MACHINE_ARN)
        self.s3 = lake.client("s3")
        self._raw = lake.published(Shared.RAW_BUCKET)
        self._put: Counter[tuple[str, str]] = Counter()

    def put(self, key: str, content: bytes) -> None:
        """Put an object into the raw bucket."""
        etag = self.s3.put_object(Bucket=self._raw, Key=key, Body=content)["ETag"].strip('"')
        self._put[key, etag] += 1

    @contextmanager
    def batched(self) -> Iterator[None]:
        """Hand what is put meanwhile to the Landing function together, as its batching window does on AWS."""
        with self._kept_in_the_queue() as wait_for_events:
            yield
            wait_for_events()

    @contextmanager
    def without_events(self) -> Iterator[None]:
        """Lose the events of what is put meanwhile."""
        with self._kept_in_the_queue() as wait_for_events:
            yield
            wait_for_events()
            self.lake.client("sqs").purge_queue(QueueUrl=self.queue_url)

    @contextmanager
    def _kept_in_the_queue(self) -> Iterator[Callable[[], object]]:
        """Keep the Landing function from its queue; gives what waits until the queue has all that was put since."""
        functions, sqs, before = self.lake.client("lambda"), self.lake.client("sqs"), self._put.total()
        landing = self.lake.published(Taxi.LANDING_FUNCTION)
        (source,) = functions.list_event_source_mappings(FunctionName=landing)["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
        yield lambda: eventually(
            lambda: waiting(sqs, self.queue_url), lambda count: count == self._put.total() - before
        )
        functions.update_event_source_mapping(UUID=source["UUID"], Enabled=True)

    def look_again(self, dataset: str) -> None:
        """Start what the deployed schedule of a dataset starts every quarter of an hour."""
        scheduler, wanted = self.lake.client("scheduler"), {"dataset": dataset}
        names = [schedule["Name"] for schedule in scheduler.list_schedules()["Schedules"]]
        targets = [scheduler.get_schedule(Name=name)["Target"] for name in names]
        taxi = [target for target in targets if target["Arn"] == self.machine_arn]
        (target,) = [target for target in taxi if json.loads(target["Input"]) == wanted]
        self.lake.client("stepfunctions").start_execution(stateMachineArn=target["Arn"], input=target["Input"])

    def settle(self) -> None:
        """Wait until every object that was put is in the ledger, and nothing is under way."""
        eventually(lambda: self._put - self._audited(), lambda unknown: not unknown, SECONDS)
        until_taken(self.lake.client("sqs"), self.queue_url)
        eventually(lambda: self.executions("RUNNING"), lambda running: not running, SECONDS)

    def items(self) -> list[Item]:
        """Read the whole audit table: files, markers of those that are pending, leases."""
        scan = self.lake.dynamodb.meta.client.get_paginator("scan")
        pages = scan.paginate(TableName=self.audit_table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def executions(self, status: str | None = None) -> list[Item]:
        """The executions of the state machine, in one state if it is named."""
        wanted = {"statusFilter": status} if status else {}
        pages = self.lake.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.machine_arn, **wanted)
        return [execution for page in found for execution in page["executions"]]

    def runs(self, job: TaxiName) -> list[Item]:
        """The Glue runs of a job, the latest first."""
        runs: list[Item] = self.lake.client("glue").get_job_runs(JobName=job.value)["JobRuns"]
        return runs

    def trips(self, dataset: str) -> pa.Table:
        """The conformed table of a dataset."""
        return self.lake.iceberg_reader.read(self.lake.published(Taxi.CONFORMED_DATABASE), f"{dataset}_trips")

    def purpose_built(self, table: str) -> pa.Table:
        """A purpose-built table."""
        return self.lake.iceberg_reader.read(self.lake.published(Taxi.PURPOSE_BUILT_DATABASE), table)

    def metadata_location(self, dataset: str) -> str:
        """Where the Data Catalog says that the metadata of a dataset's conformed table are at this moment."""
        table = self.lake.client("glue").get_table(
            DatabaseName=self.lake.published(Taxi.CONFORMED_DATABASE), Name=f"{dataset}_trips"
        )["Table"]
        return str(table["Parameters"]["metadata_location"])

    def branches(self, dataset: str) -> set[str]:
        """The branches of a dataset's conformed table."""
        return set(json.loads(self.object_at(self.metadata_location(dataset)))["refs"])

    def object_at(self, uri: str) -> str:
        """The text of an object."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return str(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())

    def _audited(self) -> Counter[tuple[str, str]]:
        return Counter((item["s3_key"], item["etag"]) for item in self.items() if "file_status" in item)


@dataclass(frozen=True)
class Outcome:
    """How things stand once the flow has settled; what happens later changes nothing of it."""

    files: tuple[Item, ...]
    pending: frozenset[str]
    trips: dict[str, pa.Table]
    purpose_built: dict[str, pa.Table]
    executions: tuple[Item, ...]
    conformed_runs: tuple[Item, ...]
    purpose_built_runs: tuple[Item, ...]

    @classmethod
    def of(cls, flow: Flow) -> "Outcome":
        """Wait until the flow has settled, and read what it left."""
        flow.settle()
        items, markers = flow.items(), {f"pending#{dataset}" for dataset in DATASETS}
        return cls(
            files=tuple(item for item in items if item["dataset"] in {*DATASETS, REJECTED}),
            pending=frozenset(item["s3_key"] for item in items if item["dataset"] in markers),
            trips={dataset: flow.trips(dataset) for dataset in DATASETS},
            purpose_built={question.table: flow.purpose_built(question.table) for question in QUESTIONS},
            executions=tuple(flow.executions()),
            conformed_runs=tuple(flow.runs(TaxiName.CONFORMED_JOB)),
            purpose_built_runs=tuple(flow.runs(TaxiName.PURPOSE_BUILT_JOB)),
        )

    def of_key(self, key: str) -> list[Item]:
        """The entries of all versions of an object, in the order in which they landed."""
        return sorted((item for item in self.files if item["s3_key"] == key), key=lambda item: item["landed_at"])

    def rows(self, dataset: str) -> Counter[Row]:
        """What the conformed table of a dataset holds."""
        return rows_in(self.trips[dataset])


def rows_in(trips: pa.Table) -> Counter[Row]:
    """What a conformed table holds."""
    return Counter((trip["source_file"], trip["pickup_at"].day, trip["fare_amount"]) for trip in trips.to_pylist())
