"""What rules and datasets must not contradict: checked where they are deployed, so that no run meets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from json_documents.suggestion import suggestion

from taxi.datasets.dataset import DAY, LOAD_COLUMNS, Dataset
from taxi.errors import RuleError
from taxi.purpose_built.rule import VIEW, Rule
from taxi.purpose_built.sql_names import mentioned_names, read_columns


def demand_consistent(rules: Iterable[Rule], datasets: Mapping[str, Dataset]) -> None:
    """Check every rule against the columns of the datasets that it names.

    Raises:
        RuleError: with every problem found, in any rule.
    """
    problems = [f"{rule.name}.sql: {problem}" for rule in rules for problem in _of_rule(rule, datasets)]
    if problems:
        raise RuleError(problems)


def lacking(sql: str, table: str, dataset: Dataset) -> list[str]:
    """List the columns that a query reads of a dataset's trips, and that these have not."""
    return sorted(read_columns(sql, table) - {*dataset.columns, *LOAD_COLUMNS})


def _of_rule(rule: Rule, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    if not rule.datasets:
        yield f"names no dataset; write a line such as '-- datasets: {', '.join(datasets)}'"
    if DAY not in mentioned_names(rule.sql):
        yield f"gives no column {DAY}, by which its table is partitioned"
    for name in rule.datasets:
        if name not in datasets:
            yield f"names the unknown dataset {name!r}; {suggestion(name, datasets)}"
            continue
        for column in lacking(rule.sql, VIEW, datasets[name]):
            meant = suggestion(column, datasets[name].columns)
            yield f"reads {column}, but the dataset {name} has no such column; {meant}"
