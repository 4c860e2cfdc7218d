"""A rule: the SQL of one purpose-built table and the datasets whose trips it is for; checked where it is deployed."""

from __future__ import annotations

import hashlib
import importlib.resources
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from json_documents.suggestion import suggestion

from taxi.datasets.dataset import DAY, LOAD_COLUMNS, Dataset
from taxi.errors import RuleError
from taxi.purpose_built.sql_names import mentioned_names, read_columns

VIEW = "trips"
"""The name of a dataset's trips in every rule."""
_FOLDER = "taxi.purpose_built.rules"
_DATASETS = re.compile(r"^--[ \t]*datasets:(?P<names>[^\r\n]*)(\r?\n|\Z)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rule:
    """The definition of a purpose-built table; each of `datasets` has a table of its own."""

    name: str
    sql: str
    datasets: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Give the version, a hash of the SQL; a table of another version is recomputed as a whole."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]


def load_rules() -> Sequence[Rule]:
    """Read every rule of this package; each is a file."""
    files = importlib.resources.files(_FOLDER).iterdir()
    texts = {file.name: file.read_text(encoding="utf-8") for file in files if file.name.endswith(".sql")}
    return [rule_of(name, texts[name]) for name in sorted(texts)]


def rule_of(file_name: str, text: str) -> Rule:
    """Read one rule; the line `-- datasets: a, b` is not part of its SQL, so a new dataset is not a new version."""
    found = _DATASETS.search(text)
    names = found["names"].split(",") if found else []
    datasets = tuple(name.strip() for name in names if name.strip())
    return Rule(file_name.removesuffix(".sql"), _DATASETS.sub("", text, count=1), datasets)


def rules_of(dataset: str, rules: Iterable[Rule]) -> list[Rule]:
    """Choose the rules that name a dataset."""
    return [rule for rule in rules if dataset in rule.datasets]


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
