"""The sweep's hourly judgements: late tables, expiring files, vanished loads, silent cadences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from odp.commands import Commands
from odp.config_manager.cadence import minutes_of
from odp.configuration import Configuration
from odp.file_manager.waiting_files import count_that_expire, weeks_of_those_that_expire
from odp.ports import PlannedLeases
from odp.records import KeptEntry, PendingWork, RawTableConfig, TableLease
from odp.refresh import RefreshStatus
from odp.state_changes import Aspect, State, Subject, Told

LATE_AFTER_CADENCES = 3
"""A file that lands just after a run began waits for one cadence and a run; a longer wait needs a person."""
SLOW_START = timedelta(hours=2)
"""The longest patience: a daily cadence is missed before three days."""
REJECTED = "rejected files"


@dataclass(frozen=True, slots=True)
class SweepStates:
    """Judges what the sweep has read, and also subjects whose problem has ended."""

    told: Mapping[str, Told]
    commands: Commands
    now: datetime

    def late(
        self,
        configured: Mapping[str, RawTableConfig],
        pending: Mapping[str, PendingWork],
        oldest: Mapping[str, str],
        leases: PlannedLeases,
    ) -> Iterator[State]:
        """Judge active tables by the wait of their oldest file; about failing tables people know more already."""
        active = {name: table for name, table in configured.items() if table.is_active}
        waiting = {name: at for name, at in oldest.items() if name in active and self._is_late(active[name], at)}
        failing = self._failing([active[name] for name in waiting], pending, leases)
        found = [
            self._late(active[name], pending[name], landed) for name, landed in waiting.items() if name not in failing
        ]
        yield from found
        well = [name for name, table in active.items() if not self._is_known_to_fail(table)]
        yield from self._ended(found, Aspect.LATE, "{} is up to date again", well)

    def _is_late(self, table: RawTableConfig, landed: str) -> bool:
        return bool(landed) and self.now - datetime.fromisoformat(landed) > patience_of(table)

    def _failing(
        self, tables: Iterable[RawTableConfig], pending: Mapping[str, PendingWork], leases: PlannedLeases
    ) -> set[str]:
        """Name the tables that people know to fail, and that still fail by their run records.

        If all later runs of a table were cut off or never began, its record keeps the old failure.
        """
        known = [table for table in tables if self._is_known_to_fail(table)]
        found = leases.leases(table.qualified_name for table in known) if known else {}
        return {
            table.source_table_name
            for table in known
            if self._fails(table, pending[table.source_table_name], found.get(table.qualified_name, TableLease()))
        }

    def _fails(self, table: RawTableConfig, work: PendingWork, lease: TableLease) -> bool:
        """Whether the last completed run failed lately, or was refused and nothing has changed meanwhile."""
        if lease.refresh_status == RefreshStatus.ERROR and lease.waits_for_change(table, work):
            return True
        if not (lease.error and lease.ended_at):
            return False
        return self.now - datetime.fromisoformat(lease.ended_at) <= patience_of(table)

    def _late(self, table: RawTableConfig, work: PendingWork, landed: str) -> State:
        name = table.source_table_name
        return State(
            Subject(Aspect.LATE, name),
            f"{name} is late",
            (
                f"Table: {name} to {table.qualified_name}, cadence {table.refresh_cadence}",
                f"The oldest file has waited longer than {LATE_AFTER_CADENCES} cadences. It landed at {landed}.",
                f"Waiting: {work.files} files, {work.bytes:,} bytes",
                f"Run: {self.commands.status(name)}",
            ),
            frozenset({"late"}),
            landed,
        )

    def silent(
        self, cadences: Collection[str], last_planned: Mapping[str, str], schedule_name: Callable[[str], str]
    ) -> Iterator[State]:
        """Judge cadences by the time of their last plan; a cadence without any is left out."""
        found = [
            self._silent(cadence, last_planned[cadence], schedule_name(cadence))
            for cadence in cadences
            if cadence in last_planned and self._is_silent(cadence, last_planned[cadence])
        ]
        yield from found
        yield from self._ended(found, Aspect.START, "{} starts again", cadences)

    def _is_silent(self, cadence: str, planned: str) -> bool:
        every = timedelta(minutes=minutes_of(cadence))
        return self.now - datetime.fromisoformat(planned) > min(LATE_AFTER_CADENCES * every, every + SLOW_START)

    def _silent(self, cadence: str, planned: str, schedule: str) -> State:
        return State(
            Subject(Aspect.START, cadence),
            f"{cadence} does not start",
            (
                f"Cadence: {cadence}",
                f"No execution has come to a plan since {planned}. Nothing of this cadence is refreshed.",
                f"Run: aws scheduler get-schedule --name {schedule}",
            ),
            frozenset({"silent"}),
            planned,
        )

    def expiring(self, tables: Mapping[str, frozenset[str]], landed_file_days: int) -> Iterator[State]:
        """Judge tables whose waiting or held files expire within a week, each with its losses."""
        found = [
            State(
                Subject(Aspect.EXPIRING, name),
                f"files of {name} expire within 7 days",
                (
                    f"Table: {name}",
                    f"Files that wait or are held are deleted {landed_file_days} days after they landed.",
                    f"Run: {self.commands.status(name)}",
                ),
                lost,
                is_end_told=False,
            )
            for name, lost in sorted(tables.items())
        ]
        yield from found
        yield from self._ended(found, Aspect.EXPIRING, "no file of {} expires soon", but=REJECTED)

    def expiring_rejected(self, landed: Collection[str], landed_file_days: int) -> State:
        """Judge all rejected files together, by their landing times; they belong to no table."""
        files = count_that_expire(landed, now=self.now, landed_file_days=landed_file_days)
        return State(
            Subject(Aspect.EXPIRING, REJECTED),
            "rejected files expire within 7 days",
            (f"{files} rejected files: copy what you want to keep.", f"Run: {self.commands.rejected()}"),
            weeks_of_those_that_expire(landed, now=self.now, landed_file_days=landed_file_days),
            is_end_told=False,
        )

    def of_entries(
        self, aspect: Aspect, title: str, entries: Iterable[KeptEntry], ways_out: Callable[[KeptEntry], tuple[str, ...]]
    ) -> Iterator[State]:
        """Judge tables by their open quarantine entries; a person ends those, and needs no message about it."""
        found = [
            State(
                Subject(aspect, entry.source_table_name),
                title.format(entry.source_table_name),
                (f"Table: {entry.source_table_name}", f"Problem: {entry.reason}", *ways_out(entry)),
                frozenset({aspect.value}),
                entry.since,
                is_end_told=False,
            )
            for entry in entries
            if not entry.is_dismissed
        ]
        yield from found
        yield from self._ended(found, aspect, title)

    def unconfigured_anymore(self, configured: Configuration) -> Iterator[State]:
        """Forget tables and cadences that no manifest names, because one may come again, and fail."""
        tables = {table.qualified_name for table in configured.tables.values()}
        for aspects, names in (
            ((Aspect.REFRESH, Aspect.HELD), tables),
            ((Aspect.LATE,), set(configured.tables)),
            ((Aspect.PLAN, Aspect.RUNS, Aspect.START), set(configured.batches)),
        ):
            gone = [(aspect, name) for aspect in aspects for name in self._known_of(aspect) if name not in names]
            yield from (State(Subject(aspect, name), name, (), is_end_told=False) for aspect, name in gone)

    def _ended(
        self, found: Iterable[State], aspect: Aspect, title: str, judged: Collection[str] | None = None, but: str = ""
    ) -> Iterator[State]:
        """Return the states of subjects whose problem ended; only configured ones get a message."""
        have_one = {state.subject.name for state in found}
        for name in self._known_of(aspect):
            if name not in have_one and name != but and not self._is_left_out(name, judged):
                lines = (f"Run: {self.commands.status(name)}",) if aspect is Aspect.LATE else ()
                yield State(Subject(aspect, name), title.format(name), lines, is_end_told=judged is not None)

    def _is_left_out(self, name: str, judged: Collection[str] | None) -> bool:
        return judged is not None and name not in judged

    def _known_of(self, aspect: Aspect) -> list[str]:
        begin = Subject(aspect, "").key
        return [key.removeprefix(begin) for key, told in self.told.items() if key.startswith(begin) and told.is_open]

    def _is_known_to_fail(self, table: RawTableConfig) -> bool:
        known = self.told.get(Subject(Aspect.REFRESH, table.qualified_name).key)
        return known is not None and bool(known.problems)


def patience_of(table: RawTableConfig) -> timedelta:
    """The longest normal wait of a table's oldest file."""
    return LATE_AFTER_CADENCES * timedelta(minutes=minutes_of(table.refresh_cadence))
