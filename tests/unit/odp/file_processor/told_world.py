"""Several tables of one cadence, refreshes with ends that a test chooses, and the mails to people."""

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from odp.configuration import item_of
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.run_log import DynamoDbRunLog
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.file_processor import handler
from odp.records import FileType, LandedFile, engine_of_run
from odp.refresh import RefreshOutcome, RefreshStatus, RunRecord
from odp.sns_topic import SnsTopic

from tests import moto_session
from tests.function_call import CallContext
from tests.unit.odp.samples import RUN_LOG_TABLES, batch_config, table_config

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

CADENCE = "10_min_refresh"
VARIABLES = {
    "FILE_TRACKER_TABLE": "files",
    "FILE_PROCESSING_TRACKER_TABLE": "leases",
    "BATCH_CONFIG_TABLE": "batch_config",
    "RAW_TABLE_CONFIG_TABLE": "table_config",
    "CONFIG_DEPLOY_TRACKER_TABLE": "deploy_tracker",
    "QUARANTINE_TABLE": "quarantine",
    "PLAN_BUCKET": "plans",
    "JOB_TIMEOUT_MINUTES": "60",
    "LAKE": "odp-dev",
    "ENVIRONMENT": "dev",
    "TOPIC_ARN": "arn:aws:sns:us-east-1:222222222222:alerts",
}


class DeathError(BaseException):
    """The process ends here; no except clause of the product sees it."""


@dataclass
class World:
    """What a test does with the lake; ten minutes pass with each execution."""

    dynamodb: "DynamoDBServiceResource"
    mails: list[tuple[str, str]] = field(default_factory=list)
    now: float = 1_800_000_000
    dies: str = ""
    """Where the next message kills its process: before or after it is published."""
    is_topic_closed: bool = False
    _runs: Any = field(default_factory=lambda: itertools.count(1))

    def publish(self, subject: str, text: str) -> None:
        """Stand in for the topic."""
        if self.is_topic_closed:
            raise ConnectionError("no route to the topic")
        died, self.dies = self.dies, ""
        if died == "before":
            raise DeathError
        self.mails.append((subject, text))
        if died == "after":
            raise DeathError

    def configure(self, *tables: str) -> None:
        """Let the cadence have these tables of the source schema s."""
        self.dynamodb.Table("batch_config").put_item(Item=item_of(batch_config()))
        for name in tables:
            config = table_config(source_table_name=f"s.{name}", raw_table_name=name)
            self.dynamodb.Table("table_config").put_item(Item=item_of(config))
            self.land(name)

    def land(self, name: str) -> LandedFile:
        """Let a file of a table land."""
        number = next(self._runs)
        key = f"s/{name}/20260101-{number:09d}.parquet"
        id_ = f"1/{number:09d}/x"
        file = LandedFile(f"s.{name}", id_, FileType.CHANGES, "s", name, "staging", key, 5, "e", "2026-01-01T00:00:00Z")
        DynamoDbFileTracker(self.dynamodb, "files", "files_history").register(file)
        return file

    def ends(
        self,
        name: str,
        error: str = "",
        *,
        refused: bool = False,
        done: tuple[LandedFile, ...] = (),
        beyond_engine: str = "",
    ) -> None:
        """Let a refresh of a table end, which is a native one if it leaves the table to Spark."""
        kind = "native-" if beyond_engine else "jr_"
        lease = DynamoDbTableLeases(self.dynamodb, "leases").acquire(f"db.{name}", f"{kind}{next(self._runs)}")
        assert lease
        status = RefreshStatus.ERROR if error else RefreshStatus.COMPLETED
        at = datetime.fromtimestamp(self.now, UTC).isoformat(timespec="milliseconds")
        outcome = RefreshOutcome(f"db.{name}", f"s.{name}", status, at, at, error=error, stack_trace=error)
        outcome = replace(outcome, engine=engine_of_run(lease.owner), beyond_engine=beyond_engine)
        entry = RunRecord(outcome, done, closes=True, refused=refused, refused_registrations=1)
        DynamoDbRunLog(self.dynamodb, RUN_LOG_TABLES).append(lease, entry)

    def execution_ends(self, *failed: str, step: str = "release") -> None:
        """Let an execution of the cadence end, with what its state machine says of batches that failed."""
        event = {"refresh_cadence": CADENCE, "execution": f"arn:x:{next(self._runs)}", "step": step}
        handler.handle({**event, "failed": list(failed)}, CallContext())
        self.now += 600

    def planned(self) -> dict[str, Any]:
        """Let an execution of the cadence be planned."""
        event = {"refresh_cadence": CADENCE, "execution": "arn:x:plan", "step": "plan"}
        answer = handler.handle(event, CallContext())
        self.now += 600
        return answer

    def subjects(self) -> list[str]:
        """Give the mails since the last call."""
        found, self.mails = [subject for subject, _ in self.mails], []
        return found


@pytest.fixture
def world(dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    made = World(dynamodb)
    moto_session.client("s3").create_bucket(Bucket="plans")
    monkeypatch.setattr(SnsTopic, "publish", lambda _, subject, text: made.publish(subject, text))
    monkeypatch.setattr(handler, "_now", lambda: made.now)
    monkeypatch.setattr(handler, "dynamodb_resource", lambda: dynamodb)
    handler._batch_manager.cache_clear()
    return made
