"""Reads table mappings: which tables DMS replicates, what they are called, and which columns it adds."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from rehearsal.dms.setting_model import DmsSettingError, Settings

CHANGE_SEQUENCE, STREAM_POSITION, OPERATION, TIMESTAMP, COMMIT_TIMESTAMP = (
    "$AR_H_CHANGE_SEQ", "$AR_H_STREAM_POSITION", "$AR_H_OPERATION", "$AR_H_TIMESTAMP", "$AR_H_COMMIT_TIMESTAMP",
)  # fmt: skip
_TIMES = (TIMESTAMP, COMMIT_TIMESTAMP)
_SYSTEM_SCHEMAS = ("mysql", "sys", "information_schema", "performance_schema", "pg_catalog")
_LONGEST = {CHANGE_SEQUENCE: 35, OPERATION: 6, STREAM_POSITION: 40}


@cache
def _pattern(wildcards: str) -> re.Pattern[str]:
    """DMS's wildcards: % is any text, _ one character, [_] an underscore, [ab] one of a set, [^ab] none of it."""
    parts = re.split(r"(%|_|\[[^\]]+\])", wildcards)
    known = {"%": ".*", "_": "."}
    return re.compile(
        "".join(known.get(part, part if part.startswith("[") else re.escape(part)) for part in parts), re.DOTALL
    )


def is_like(wildcards: str, name: str) -> bool:
    """Whether a name is meant by a name with wildcards; case counts."""
    return _pattern(wildcards).fullmatch(name) is not None


class _Rule(Settings):
    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    rule_id: int = Field(strict=False)
    rule_name: str


class _Located(Settings):
    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    schema_name: str = "%"
    table_name: str = "%"
    column_name: str = "%"

    def has(self, schema: str, table: str, column: str | None = None) -> bool:
        """Whether an object is meant."""
        is_table = is_like(self.schema_name, schema) and is_like(self.table_name, table)
        return is_table and (column is None or is_like(self.column_name, column))


class Selection(_Rule):
    """Includes tables, or leaves them out."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {"load-order": "tables are loaded by name"}
    REFUSED: ClassVar[Mapping[str, str]] = {"filters": "rows that a filter leaves out would never reach the lake"}

    rule_type: Literal["selection"]
    rule_action: Literal["include", "exclude"]
    object_locator: _Located

    @model_validator(mode="after")
    def _names_no_system_schema(self) -> Self:
        schema = self.object_locator.schema_name
        if self.rule_action == "include" and any(is_like(schema, name) for name in _SYSTEM_SCHEMAS):
            raise ValueError(f"schema-name {schema} also has the server's own tables, mysql.user with its hashes")
        return self


class Renaming(_Rule):
    """Changes a name; `value` is the new one."""

    rule_type: Literal["transformation"]
    rule_action: Literal["convert-uppercase", "convert-lowercase", "rename"]
    rule_target: Literal["schema", "table", "column"]
    object_locator: _Located
    value: str | None = None
    old_value: None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if (self.rule_action == "rename") != bool(self.value):
            raise ValueError("rename needs value, and only rename has it")
        if self.rule_action == "rename" and self.rule_target == "column":
            raise ValueError("the rehearsal renames schemas and tables, no columns")
        return self

    def renamed(self, name: str) -> str:
        """The new name of an object that the rule means."""
        if self.value:
            return self.value
        return name.upper() if self.rule_action == "convert-uppercase" else name.lower()


class _DataType(Settings):
    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    type: Literal["string", "datetime"]
    length: int | None = None
    precision: int | None = None


class AddedColumn(_Rule):
    """Adds a column with what DMS knows about a change."""

    rule_type: Literal["transformation"]
    rule_action: Literal["add-column"]
    rule_target: Literal["column"]
    object_locator: _Located
    value: str
    expression: Literal[
        "$AR_H_CHANGE_SEQ", "$AR_H_STREAM_POSITION", "$AR_H_OPERATION", "$AR_H_TIMESTAMP", "$AR_H_COMMIT_TIMESTAMP"
    ]
    data_type: _DataType

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.expression in _TIMES) != (self.data_type.type == "datetime"):
            raise ValueError(f"{self.expression} is no {self.data_type.type}")
        longest = _LONGEST.get(self.expression)
        if longest and (self.data_type.length or 0) < longest:
            raise ValueError(f"data-type: {self.expression} has up to {longest} characters, so its end would be lost")
        return self

    @property
    def is_time(self) -> bool:
        """Whether the column holds times."""
        return self.expression in _TIMES


class _BeforeImageDefinition(Settings):
    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    column_prefix: str = ""
    column_suffix: str = ""
    column_filter: Literal["pk-only", "non-lob", "all"] = "pk-only"

    @model_validator(mode="after")
    def _differs_from_the_column(self) -> Self:
        if not (self.column_prefix or self.column_suffix):
            raise ValueError("column-prefix or column-suffix must tell the former value from the present one")
        return self


class BeforeImages(_Rule):
    """Adds columns with the values that a row had before an update."""

    rule_type: Literal["transformation"]
    rule_action: Literal["add-before-image-columns"]
    rule_target: Literal["column"]
    object_locator: _Located
    before_image_def: _BeforeImageDefinition

    def name(self, column: str) -> str:
        """The name of the column with the former value."""
        return f"{self.before_image_def.column_prefix}{column}{self.before_image_def.column_suffix}"


class TableMappings:
    """The rules, lowest number first; of two that do the same to an object, the first counts."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        if given.keys() != {"rules"}:
            raise DmsSettingError(f"TableMappings: rules is all that it may have, not {', '.join(given)}")
        rules = sorted((_read(rule) for rule in given["rules"]), key=lambda rule: rule.rule_id)
        numbers = [rule.rule_id for rule in rules]
        if repeated := {number for number in numbers if numbers.count(number) > 1}:
            raise DmsSettingError(f"TableMappings: two rules have the rule-id {min(repeated)}")
        self._selections = [rule for rule in rules if isinstance(rule, Selection)]
        self._renamings = [rule for rule in rules if isinstance(rule, Renaming)]
        self._added = [rule for rule in rules if isinstance(rule, AddedColumn)]
        self._before_images = [rule for rule in rules if isinstance(rule, BeforeImages)]

    def selects(self, schema: str, table: str) -> bool:
        """Whether a table is replicated: some rule includes it, and none leaves it out."""
        actions = {rule.rule_action for rule in self._selections if rule.object_locator.has(schema, table)}
        return actions == {"include"}

    def target(self, schema: str, table: str) -> tuple[str, str]:
        """The names of schema and table in the keys of files."""
        return self._renamed("schema", schema, schema, table), self._renamed("table", table, schema, table)

    def column(self, schema: str, table: str, column: str) -> str:
        """The name of a column in files."""
        return self._renamed("column", column, schema, table)

    def added_columns(self, schema: str, table: str) -> Iterator[AddedColumn]:
        """The columns that the table's files have on top of the source's."""
        names: set[str] = set()
        for rule in self._added:
            if rule.object_locator.has(schema, table) and rule.value not in names:
                names.add(rule.value)
                yield rule

    def before_images(self, schema: str, table: str) -> BeforeImages | None:
        """The rule of the table's before-images."""
        return next((rule for rule in self._before_images if rule.object_locator.has(schema, table)), None)

    def _renamed(self, target: str, name: str, schema: str, table: str) -> str:
        column = name if target == "column" else None
        for rule in self._renamings:
            if rule.rule_target == target and rule.object_locator.has(schema, table, column):
                return rule.renamed(name)
        return name


def _read(rule: Any) -> Any:  # noqa: ANN401 - whatever the template has
    where = f"TableMappings rule {rule.get('rule-id', '?')}"
    kind = rule.get("rule-type")
    if kind not in ("selection", "transformation"):
        reason = "parallel loads put parts where a table's folder ends" if kind == "table-settings" else "not known"
        raise DmsSettingError(f"{where}: rule-type {kind} is refused: {reason}")
    model: type[Settings] | None = Selection if kind == "selection" else _transformation(rule.get("rule-action"))
    if model is None:
        raise DmsSettingError(f"{where}: rule-action {rule.get('rule-action')} is not known to the rehearsal")
    return model.read(rule, where)


def _transformation(action: object) -> type[Settings] | None:
    known: dict[object, type[Settings]] = {"add-column": AddedColumn, "add-before-image-columns": BeforeImages}
    return known.get(action) or (Renaming if action in ("convert-uppercase", "convert-lowercase", "rename") else None)
