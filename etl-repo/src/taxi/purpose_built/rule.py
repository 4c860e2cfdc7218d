"""A rule: the SQL of one purpose-built table, and its datasets."""

from __future__ import annotations

import hashlib
import importlib.resources
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
