"""The deployed replication of the demo's source, as an operator handles it: start, look, kill, resume, load again."""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from odp.table_identity import DEFAULT_SOURCE

from deployment_account.names import published_replication
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.executions import Patience
from rehearsal.demo.failures import DemoError
from rehearsal.dms.log import Position

SECRET = "source-database"  # noqa: S105 - its name
_POLL_SECONDS = 0.3
_PATIENCE_SECONDS = 180
_MOST_TABLES = 500
"""More than the demo has; boto3 has no paginator for this call."""
_LOADED, _FAILED = "Table completed", "Table error"

Say = Callable[[str], None]


class DemoReplication:
    """The replication of the default source in one lake."""

    def __init__(self, lake: DeployedLake) -> None:
        self._lake = lake
        self._dms = lake.client("dms")

    @cached_property
    def arn(self) -> str:
        """The ARN that the etl stage has published."""
        return self._lake.published(published_replication(DEFAULT_SOURCE))

    def let_in(self, connection: dict[str, Any]) -> None:
        """Tell AWS DMS how to sign in: the secret has what a client needs to connect."""
        secret = {
            "username": connection["user"],
            "password": connection["password"],
            "host": connection["host"],
            "port": str(connection["port"]),
        }
        name = self._lake.names.secret(SECRET)
        self._lake.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(secret))

    def start(self, how: str = "start-replication") -> None:
        """Start for the first time, or resume where it stopped."""
        self._dms.start_replication(ReplicationConfigArn=self.arn, StartReplicationType=how)

    def stop(self) -> None:
        """Stop, and wait for the end of what is being written."""
        self._dms.stop_replication(ReplicationConfigArn=self.arn)
        self._wait("to stop", lambda: self._state()["Status"] == "stopped", lambda: self._state()["Status"])

    def wait_until_loaded(self, tables: int, say: Say) -> None:
        """Wait until so many tables are loaded."""

        def loaded() -> int:
            self._demand_running()
            return sum(table["TableState"] == _LOADED for table in self.tables())

        def seen() -> int:
            say(f"{(found := loaded())} of {tables} tables")
            return found

        self._wait("to load the tables", lambda: loaded() >= tables, seen)
        say(f"{tables} tables")

    def wait_until_written(self, until: Position) -> None:
        """Wait until all that was committed before a place in the source's log is in files."""

        def is_written() -> bool:
            self._demand_running()
            return self.position is not None and self.position >= until

        self._wait(f"to write all before {until}", is_written, lambda: self.position)

    def load_again(self, schema: str, table: str) -> None:
        """Ask for a load of one table while changes go on."""
        asked = [{"SchemaName": schema, "TableName": table}]
        self._dms.reload_replication_tables(ReplicationConfigArn=self.arn, TablesToReload=asked)

    def kill(self, folder: Path) -> None:
        """End the process of the stand-in at once; `folder` is where the emulator keeps its state."""
        (status,) = (folder / "dms").glob("*/status.json")
        os.kill(int(json.loads(status.read_text())["pid"]), signal.SIGKILL)
        self._wait("to end", lambda: self._state()["Status"] == "failed", lambda: self._state()["Status"])

    @property
    def position(self) -> Position | None:
        """The place in the source's log up to which all is in files."""
        checkpoint = str(self._state().get("RecoveryCheckpoint", ""))
        _, _, place = checkpoint.rpartition("#")
        file, _, offset = place.rpartition(":")
        return Position(file, int(offset)) if file else None

    def tables(self) -> Sequence[dict[str, Any]]:
        """The state of each table."""
        answer = self._dms.describe_replication_table_statistics(ReplicationConfigArn=self.arn, MaxRecords=_MOST_TABLES)
        return list(answer["ReplicationTableStatistics"])

    def _state(self) -> dict[str, Any]:
        filters = [{"Name": "replication-config-arn", "Values": [self.arn]}]
        (found,) = self._dms.describe_replications(Filters=filters)["Replications"]
        return dict(found)

    def _demand_running(self) -> None:
        state = self._state()
        if state["Status"] != "running":
            raise DemoError(f"the replication is {state['Status']}: {'; '.join(state['FailureMessages'])}")
        if suspended := [table["TableName"] for table in self.tables() if table["TableState"] == _FAILED]:
            raise DemoError(f"the replication has suspended {', '.join(suspended)}; see its log")

    @staticmethod
    def _wait(what: str, is_done: Callable[[], bool], seen: Callable[[], object]) -> None:
        patience = Patience(_PATIENCE_SECONDS)
        while not is_done():
            if patience.is_over(seen()):
                raise DemoError(f"waiting for the replication {what}, nothing changed for {patience.spent}")
            time.sleep(_POLL_SECONDS)
