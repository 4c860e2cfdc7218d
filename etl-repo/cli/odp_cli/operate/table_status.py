"""Decides the state of a table; uses no service."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from odp.file_manager.waiting_files import WARNS_BEFORE, expires_at, expires_soon
from odp.file_processor.planning import may_start
from odp.records import HELD_KINDS, NATIVE_RUN, PendingWork, QuarantineKind, RawTableConfig
from odp.refresh import RefreshStatus

from odp_cli.operate.entries import Entry
from odp_cli.operate.lease_state import LeaseState


class State(StrEnum):
    """The state of a table, the worst first."""

    EXPIRING = "expiring"
    REFUSED = "refused"
    FAILED = "failed"
    HELD_LOAD = "held load"
    HELD_FILE = "held file"
    VANISHED_LOAD = "vanished load"
    UNCONFIGURED = "unconfigured"
    SKIPPED_FILE = "skipped file"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"
    REFRESHING = "refreshing"
    LEFT_TO_SPARK = "left to Spark"
    OK = "ok"


_ORDER = list(State)
_BY_KIND = {
    QuarantineKind.REFUSED_TABLE: State.REFUSED,
    QuarantineKind.HELD_LOAD: State.HELD_LOAD,
    QuarantineKind.HELD_FILE: State.HELD_FILE,
    QuarantineKind.SKIPPED_FILE: State.SKIPPED_FILE,
    QuarantineKind.VANISHED_LOAD: State.VANISHED_LOAD,
}
STATE_KINDS = (*_BY_KIND, QuarantineKind.UNCONFIGURED_TABLE)
"""The kinds of quarantine entries that are part of a table's state."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a table."""

    state: State
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.state.value}: {self.reason}" if self.reason else self.state.value


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """The data of all tables; `oldest` has a landing time for each table with pending files."""

    configs: Mapping[str, RawTableConfig]
    pending: Mapping[str, PendingWork]
    oldest: Mapping[str, str]
    leases: Mapping[str, LeaseState]
    entries: Sequence[Entry]
    landed_file_days: int


@dataclass(frozen=True, slots=True)
class TableStatus:
    """The status of one table."""

    source_table_name: str
    config: RawTableConfig | None
    pending: PendingWork
    oldest: str
    lease: LeaseState
    conditions: tuple[Condition, ...]
    lag: timedelta

    @property
    def worst(self) -> Condition:
        """The condition to look at first."""
        return self.conditions[0]

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "source_table_name": self.source_table_name,
            "raw_table": self.config.qualified_name if self.config else None,
            "cadence": self.config.refresh_cadence if self.config else None,
            "state": self.worst.state.value,
            "reason": self.worst.reason,
            "conditions": [{"state": each.state.value, "reason": each.reason} for each in self.conditions],
            "lag_seconds": int(self.lag.total_seconds()),
            "oldest_pending": self.oldest or None,
            "pending_files": self.pending.files,
            "pending_bytes": self.pending.bytes,
            "last_refresh": self.lease.last.as_json() if self.lease.last else None,
        }


def statuses(ledger: LedgerSnapshot, now: datetime) -> list[TableStatus]:
    """Return the status of each table, the worst first, including tables known only by a quarantine entry."""
    told = {entry.table for entry in ledger.entries if entry.table and not entry.dismissed_at}
    names = {*ledger.configs, *ledger.pending, *told}
    return sorted((_status(name, ledger, now) for name in names), key=_worst_first)


def _worst_first(status: TableStatus) -> tuple[int, timedelta, str]:
    return _ORDER.index(status.worst.state), -status.lag, status.source_table_name


def _status(name: str, ledger: LedgerSnapshot, now: datetime) -> TableStatus:
    config = ledger.configs.get(name)
    lease = ledger.leases.get(config.qualified_name, LeaseState()) if config else LeaseState()
    pending = ledger.pending.get(name, PendingWork(name, 0, 0))
    oldest = ledger.oldest.get(name, "")
    lag = now - datetime.fromisoformat(oldest) if oldest else timedelta()
    entries = [entry for entry in ledger.entries if entry.table == name and not entry.dismissed_at]
    found = [
        *_expiring(lag, timedelta(days=ledger.landed_file_days)),
        *_expiring_held(entries, now, ledger.landed_file_days),
        *(_told_by(entry, _next_try(config, pending, lease, now)) for entry in entries if entry.kind in _BY_KIND),
        *_run_conditions(config, lease, now),
    ]
    conditions = sorted(found, key=lambda each: _ORDER.index(each.state)) or [Condition(State.OK)]
    return TableStatus(name, config, pending, oldest, lease, tuple(conditions), lag)


def _expiring(lag: timedelta, lasts: timedelta) -> Iterator[Condition]:
    if lag > lasts - WARNS_BEFORE:
        days = max(0, (lasts - lag).days)
        yield Condition(State.EXPIRING, f"the staging bucket deletes the oldest pending file in {days} days")


def _expiring_held(entries: Sequence[Entry], now: datetime, landed_file_days: int) -> Iterator[Condition]:
    for entry in entries:
        landed = str(entry.details.get("landed_from", entry.since))
        if entry.kind in HELD_KINDS and expires_soon(landed, now, landed_file_days):
            end = expires_at(landed, landed_file_days)
            yield Condition(State.EXPIRING, _held_until(entry, end, is_over=end <= now))


def _held_until(entry: Entry, end: datetime, *, is_over: bool) -> str:
    day, what, command = f"{end:%Y-%m-%d}", entry.kind.value.replace("_", " "), _command(entry)
    if is_over:
        return f"files of a {what} are deleted since {day}: {command[1]}, then load the table again in DMS"
    return f"decide until {day}, when the staging bucket deletes files of a {what}: {' or '.join(command)}"


def _command(entry: Entry) -> tuple[str, str]:
    """Return the commands that approve and dismiss the files."""
    if entry.kind is QuarantineKind.HELD_LOAD:
        command = f"odp reload {shlex.quote(entry.table)}"
        return f"{command} --approve", f"{command} --dismiss"
    return f"odp quarantine release {entry.number}", f"odp quarantine dismiss {entry.number} --reason TEXT"


def _told_by(entry: Entry, next_try: str) -> Condition:
    state = _BY_KIND[entry.kind]
    return Condition(state, f"{entry.reason}{next_try}" if state is State.REFUSED else entry.reason)


def _next_try(config: RawTableConfig | None, pending: PendingWork, lease: LeaseState, now: datetime) -> str:
    """Add that a refused table is tried again by itself, if files or configuration have changed meanwhile."""
    if config and pending.files and config.is_active and may_start(config, pending, lease.as_planned(now)):
        return " (changed since then: the next refresh tries again)"
    return ""


def _run_conditions(config: RawTableConfig | None, lease: LeaseState, now: datetime) -> Iterator[Condition]:
    if config is None:
        yield Condition(State.UNCONFIGURED, "no manifest names the table")
    elif not config.is_active:
        yield Condition(State.PAUSED)
    if lease.is_held(now):
        since = f"since {lease.since} " if lease.since else ""
        yield Condition(State.REFRESHING, f"{since}by {lease.owner}")
    elif lease.refresh_status == RefreshStatus.UPDATING:
        yield Condition(State.INTERRUPTED, f"run {lease.owner} ended without recording its end; the next one continues")
    elif lease.refresh_status == RefreshStatus.ERROR and lease.refused_registrations < 0:
        yield Condition(State.FAILED, lease.last.error if lease.last else "the run log has the reason")
    if lease.is_left_to_spark and not (lease.is_held(now) and lease.owner.startswith(NATIVE_RUN)):
        comes_again = lease.spark_until is not None and lease.spark_until > now
        lasts = f"until {lease.spark_until:%Y-%m-%d %H:%M}" if comes_again else "for the next refresh"
        yield Condition(State.LEFT_TO_SPARK, f"{lasts}, {lease.beyond_engine}")
