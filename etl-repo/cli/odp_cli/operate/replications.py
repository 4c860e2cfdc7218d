"""Replications by DMS as a person steers them: what each call of DMS permits in which state, and what it means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from odp.file_manager.replicated_tables import SUSPENDED

from deployment_account.replication_step.dms import AT_REST, AT_WORK, NEVER_STARTED
from odp_cli.errors import CommandError

if TYPE_CHECKING:
    from odp.table_identity import SourceTable

MOST_TABLES_AT_ONCE = 10
"""A call loads no more: https://docs.aws.amazon.com/dms/latest/APIReference/API_ReloadTables.html"""


class Start(StrEnum):
    """What a start begins with, by DMS's own name."""

    FIRST = "start-replication"
    RESUME = "resume-processing"
    LOAD_ALL = "reload-target"


@dataclass(frozen=True, slots=True)
class ReplicationState:
    """A replication at one moment."""

    status: str
    reason: str
    loaded_percent: int

    @property
    def is_at_work(self) -> bool:
        """Whether it loads or follows changes."""
        return self.status in AT_WORK

    @property
    def has_started(self) -> bool:
        """Whether it was ever started; before that DMS knows no table of it."""
        return self.status not in NEVER_STARTED

    @property
    def is_at_rest(self) -> bool:
        """Whether it was started once and has stopped or failed since."""
        return self.status in AT_REST

    @property
    def first_step(self) -> Start:
        """How it is started: the first time from nothing, later from where it stopped.

        Raises:
            CommandError: it is at work, or between two states.
        """
        if self.status in NEVER_STARTED:
            return Start.FIRST
        if self.status in AT_REST:
            return Start.RESUME
        raise CommandError(f"the replication is {self.status}", mend=_wait(self.status))


@dataclass(frozen=True, slots=True)
class TableState:
    """A table of a replication, and DMS's word for its state."""

    schema: str
    table: str
    state: str

    @property
    def is_suspended(self) -> bool:
        """Whether DMS no longer replicates it; nothing but a load mends that."""
        return self.state in SUSPENDED


class Replication(Protocol):
    """One replication in DMS, serverless or a task."""

    def state(self) -> ReplicationState:
        """Ask for its state."""

    def tables(self) -> list[TableState]:
        """Ask for the state of each table."""

    def start(self, how: Start) -> None:
        """Start it."""

    def stop(self) -> None:
        """Stop it after what it is writing."""

    def load_again(self, tables: Sequence[SourceTable]) -> None:
        """Load tables again while it runs."""


@dataclass(frozen=True, slots=True)
class ServerlessReplication:
    """A replication that takes capacity as it needs it."""

    dms: Any
    arn: str

    def state(self) -> ReplicationState:
        """Ask for its state; one that was never started may be unknown to DescribeReplications."""
        found = self.dms.describe_replications(Filters=[_filter("replication-config-arn", self.arn)])["Replications"]
        if not found:
            return ReplicationState("created", "", 0)
        told = found[0]
        reasons = [*told.get("FailureMessages", []), *([told["StopReason"]] if told.get("StopReason") else [])]
        loaded = int(told.get("ReplicationStats", {}).get("FullLoadProgressPercent", 0))
        return ReplicationState(told["Status"].lower(), "; ".join(reasons), loaded)

    def tables(self) -> list[TableState]:
        """Ask for the state of each table, page by page."""
        describe = self.dms.describe_replication_table_statistics
        return _table_states(describe, "ReplicationTableStatistics", ReplicationConfigArn=self.arn)

    def start(self, how: Start) -> None:
        """Start it."""
        self.dms.start_replication(ReplicationConfigArn=self.arn, StartReplicationType=how.value)

    def stop(self) -> None:
        """Stop it after what it is writing."""
        self.dms.stop_replication(ReplicationConfigArn=self.arn)

    def load_again(self, tables: Sequence[SourceTable]) -> None:
        """Load tables again while it runs."""
        for some in _groups(tables):
            self.dms.reload_replication_tables(ReplicationConfigArn=self.arn, TablesToReload=some)


@dataclass(frozen=True, slots=True)
class ReplicationTask:
    """A task on an instance."""

    dms: Any
    arn: str

    def state(self) -> ReplicationState:
        """Ask for its state."""
        found = self.dms.describe_replication_tasks(Filters=[_filter("replication-task-arn", self.arn)])
        told = found["ReplicationTasks"][0]
        reasons = [told[name] for name in ("LastFailureMessage", "StopReason") if told.get(name)]
        loaded = int(told.get("ReplicationTaskStats", {}).get("FullLoadProgressPercent", 0))
        return ReplicationState(told["Status"].lower(), "; ".join(reasons), loaded)

    def tables(self) -> list[TableState]:
        """Ask for the state of each table, page by page."""
        return _table_states(self.dms.describe_table_statistics, "TableStatistics", ReplicationTaskArn=self.arn)

    def start(self, how: Start) -> None:
        """Start it."""
        self.dms.start_replication_task(ReplicationTaskArn=self.arn, StartReplicationTaskType=how.value)

    def stop(self) -> None:
        """Stop it after what it is writing."""
        self.dms.stop_replication_task(ReplicationTaskArn=self.arn)

    def load_again(self, tables: Sequence[SourceTable]) -> None:
        """Load tables again while it runs."""
        for some in _groups(tables):
            self.dms.reload_tables(ReplicationTaskArn=self.arn, TablesToReload=some)


def replication_of(dms: Any, arn: str) -> Replication:  # noqa: ANN401  boto3 makes clients at run time
    """The replication behind an ARN, whose kind the ARN says."""
    return ServerlessReplication(dms, arn) if ":replication-config:" in arn else ReplicationTask(dms, arn)


def stop(replication: Replication) -> None:
    """Stop a replication that is at work.

    Raises:
        CommandError: it is not at work.
    """
    if not (state := replication.state()).is_at_work:
        raise CommandError(f"the replication is {state.status}", mend=_wait(state.status))
    replication.stop()


def load_again(replication: Replication, tables: Sequence[SourceTable]) -> None:
    """Load some tables of a replication again, which DMS does only while it runs.

    Raises:
        CommandError: it does not run, or DMS replicates no such table.
    """
    if not (state := replication.state()).is_at_work:
        raise CommandError(
            f"the replication is {state.status}, and DMS loads single tables only while it runs",
            mend="odp replication start, then this command; or odp replication reload --all",
        )
    known = {(each.schema, each.table) for each in replication.tables()}
    if unknown := [each.name for each in tables if (each.schema, each.table) not in known]:
        raise CommandError(
            f"DMS replicates no table {', '.join(unknown)}",
            mend="name it as the manifest does; a table that a manifest added is replicated after the push",
        )
    replication.load_again(tables)


def load_all_again(replication: Replication) -> None:
    """Load every table of a stopped replication again, with the definitions that the tables have now.

    Raises:
        CommandError: it is at work, or was never started.
    """
    state = replication.state()
    if state.status in AT_REST:
        replication.start(Start.LOAD_ALL)
        return
    never = state.status in NEVER_STARTED
    mend = "odp replication start, which loads every table" if never else "odp replication stop first"
    raise CommandError(f"the replication is {state.status}", mend=mend)


def _wait(status: str) -> str:
    if status in AT_WORK:
        return "it is started; odp replication status shows its tables"
    if status in AT_REST | NEVER_STARTED:
        return "it does not run; odp replication start starts it"
    return "wait until it is running, stopped or failed: odp replication status"


def _filter(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Values": [value]}


def _groups(tables: Sequence[SourceTable]) -> Iterable[list[dict[str, str]]]:
    named = [{"SchemaName": each.schema, "TableName": each.table} for each in tables]
    return (named[start : start + MOST_TABLES_AT_ONCE] for start in range(0, len(named), MOST_TABLES_AT_ONCE))


def _table_states(describe: Any, key: str, **of_replication: str) -> list[TableState]:  # noqa: ANN401  boto3's
    found: list[TableState] = []
    marker: dict[str, str] = {}
    while True:
        page = describe(**of_replication, **marker)
        found += [TableState(each["SchemaName"], each["TableName"], each.get("TableState", "")) for each in page[key]]
        if not page.get("Marker"):
            return found
        marker = {"Marker": page["Marker"]}
