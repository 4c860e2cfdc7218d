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

# Finds the columns in a query's text, for checks without an SQL engine.


_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
    |(?P<text>'(?:[^']|'')*'|"[^"]*")
    |`(?P<quoted>[^`]+)`
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9][0-9A-Za-z_.]*)
    |(?P<mark>->|\S)""",
    re.VERBOSE | re.DOTALL,
)
_SQL = """
    all and anti any array as asc between both by case cluster cross cube current desc distinct distribute else end
    escape except exists false fetch filter first following for from full group grouping having ignore in inner
    intersect interval into is join last lateral leading left like limit map minus natural next not null nulls of
    offset on only or order ordinality outer over partition percent pivot preceding qualify range respect right rlike
    rollup row rows select semi sets similar some sort struct tablesample then to trailing true unbounded union unnest
    unpivot using values view when where window with within
"""
_WORDS_OF_SQL = frozenset(_SQL.split())


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def is_name(self) -> bool:
        return self.kind == "quoted" or (self.kind == "word" and self.text not in _WORDS_OF_SQL)

    @property
    def ends_a_value(self) -> bool:
        """Whether a name that follows at once is an alias, or the unit of an interval."""
        return self.is_name or self.kind in ("text", "number") or self.text in (")", "end", "null", "true", "false")


_NOTHING = _Token("mark", "")


def read_columns(sql: str, table: str) -> frozenset[str]:
    """Return the columns of the table, in lower case: all names that the query does not define itself."""
    tokens = [_NOTHING, _NOTHING, *_tokens(sql), _NOTHING, _NOTHING]
    read, defined = set[str](), {table}
    for position, token in enumerate(tokens):
        if token.is_name:
            before, after = tokens[position - 2 : position], tokens[position + 1 : position + 3]
            if _is_defined(before[1], after):
                defined.add(token.text)
            elif not _is_part_of_something(before, after[0]):
                read.add(token.text)
    return frozenset(read - defined)


def mentioned_names(sql: str) -> frozenset[str]:
    """Return every name in the query, including names of computed columns."""
    return frozenset(token.text for token in _tokens(sql) if token.is_name)


def _tokens(sql: str) -> list[_Token]:
    found = ((str(match.lastgroup), match) for match in _TOKEN.finditer(sql))
    return [_Token(kind, match[kind].lower()) for kind, match in found if kind != "comment"]


def _is_defined(before: _Token, after: list[_Token]) -> bool:
    """Whether the query defines this name: an alias, a common table expression, a lambda's argument."""
    names_a_query = [token.text for token in after] == ["as", "("]
    return (
        before.text == "as" or names_a_query or after[0].text == "->" or before.is_name or before.text in (")", "end")
    )


def _is_part_of_something(before: list[_Token], after: _Token) -> bool:
    """Whether this is a function, a qualifier, a type, or a unit of time."""
    is_unit = [token.text for token in before] == ["extract", "("] or before[1].ends_a_value or before[1].text == "to"
    is_type = before[1].text == ":" or after.kind == "text"
    return after.text in ("(", ".") or is_unit or is_type


# A rule and its checks.


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
        """Return the version, a hash of the SQL; a table of another version is recomputed as a whole."""
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
