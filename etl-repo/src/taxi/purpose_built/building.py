"""Brings the purpose-built tables of a dataset up to date: the days that are out of date, and their runs."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.errors import one_line
from taxi.errors import BuildFailedError
from taxi.purpose_built.rule import VIEW, Rule
from taxi.tables import Days, Provenance, PurposeBuiltTable, TripHistory

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


# Finds the days of a purpose-built table that are out of date.


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What to replace: some days, or everything when `days` is None."""

    days: Days | None

    @property
    def is_needless(self) -> bool:
        """Whether the table is up to date."""
        return self.days is not None and not self.days


def rebuild(shown: Provenance | None, wanted: Provenance, history: TripHistory) -> Rebuild:
    """Decide by the table's own provenance, so the next run makes up for one that failed or never came."""
    if shown is None or shown.rules_version != wanted.rules_version:
        return Rebuild(days=None)
    if shown.snapshot == wanted.snapshot:
        return Rebuild(days=frozenset())
    return Rebuild(days=history.days_changed_since(shown.snapshot))


logger = logging.getLogger(__name__)


# Builds the tables of a dataset, several at a time; a failing one does not stop the others.


@dataclass(frozen=True, slots=True)
class _Task:
    rule: Rule
    table: PurposeBuiltTable
    wanted: Provenance
    rebuild: Rebuild


class Building:
    """Applies rules to the conformed trips of one dataset."""

    def __init__(
        self,
        spark: SparkSession,
        history: TripHistory,
        table_of: Callable[[Rule], PurposeBuiltTable],
        *,
        at_a_time: int,
    ) -> None:
        self._spark = spark
        self._history = history
        self._table_of = table_of
        self._at_a_time = at_a_time

    def build(self, rules: Sequence[Rule]) -> Mapping[str, Rebuild]:
        """Bring the table of each rule up to date, all with the same state of the trips; tells what was replaced.

        Raises:
            BuildFailedError: after all tables were tried, naming those that failed and why.
        """
        snapshot = self._history.snapshot()
        if snapshot is None:
            logger.info("no trips were ever loaded")
            return {}
        with ThreadPoolExecutor(self._at_a_time) as threads:
            tasks = list(threads.map(lambda rule: self._task(rule, snapshot), rules))
        due: dict[Rebuild, list[_Task]] = defaultdict(list)
        for task in tasks:
            if not task.rebuild.is_needless:
                due[task.rebuild].append(task)
        failures: dict[str, str] = {}
        for rebuild_, of_same_days in due.items():
            self._history.trips(snapshot, rebuild_.days).createOrReplaceTempView(VIEW)
            failures |= self._apply_all(of_same_days)
        if failures:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
            message = f"{len(failures)} of {len(rules)} tables failed ({', '.join(failures)}): {reasons}"
            raise BuildFailedError(message)
        return {task.rule.name: task.rebuild for task in tasks}

    def _task(self, rule: Rule, snapshot: str) -> _Task:
        table, wanted = self._table_of(rule), Provenance(snapshot, rule.version)
        return _Task(rule, table, wanted, rebuild(table.provenance(), wanted, self._history))

    def _apply_all(self, tasks: Sequence[_Task]) -> dict[str, str]:
        with ThreadPoolExecutor(self._at_a_time) as threads:
            futures = {task.rule.name: threads.submit(self._apply, task) for task in tasks}
        errors = {name: future.exception() for name, future in futures.items()}
        return {name: one_line(error) for name, error in errors.items() if error is not None}

    def _apply(self, task: _Task) -> None:
        rows = self._spark.sql(task.rule.sql)
        if task.rebuild.days is None:
            task.table.replace_all(rows, task.wanted)
        else:
            task.table.replace_days(rows, task.rebuild.days, task.wanted)
        days = "all" if task.rebuild.days is None else len(task.rebuild.days)
        logger.info("%s: replaced %s days", task.rule.name, days)
