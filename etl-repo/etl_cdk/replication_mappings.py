"""The table mappings of a replication by DMS: the tables that the manifests name, and the columns that DMS adds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odp.table_identity import SourceTable

if TYPE_CHECKING:
    from odp.records import RawTableConfig

    from deployment_account.replication_settings import Replication

Rule = dict[str, Any]
BEFORE_IMAGE_PREFIX = "BI_"
"""What the framework knows before-images of the key by (odp.before_images)."""
_SEQUENCE, _OPERATION = "$AR_H_CHANGE_SEQ", "$AR_H_OPERATION"
_SEQUENCE_LENGTH, _OPERATION_LENGTH = 35, 12
_ANY = "%"


class UnreplicableError(Exception):
    """A manifest asks of a replication what DMS cannot do; says which table and what to change."""


@dataclass(frozen=True)
class Added:
    """What DMS adds to the changes of a table."""

    change_sequence: str | None
    before_images: bool


TablesBySchema = Mapping[str, Mapping[str, Added]]


def tables_by_schema(source: str, tables: Iterable[RawTableConfig]) -> TablesBySchema:
    """The tables of a source, in the order of their names.

    Raises:
        UnreplicableError: no table is of the source, or one cannot be replicated as its manifest says.
    """
    by_schema: dict[str, dict[str, Added]] = defaultdict(dict)
    for table in sorted(tables, key=lambda each: each.source_table_name):
        named = SourceTable.parse(table.source_table_name)
        if named.source == source:
            _refuse_unreplicable(table, named)
            by_schema[named.schema][named.table] = Added(table.change_sequence, table.before_images != "none")
    if not by_schema:
        raise UnreplicableError(
            f"source {source} has a replication, but no manifest names a table of it; name one, or take replication out"
        )
    return by_schema


def table_mappings(tables: TablesBySchema, replication: Replication) -> dict[str, Any]:
    """The rules for all tables of a source, the same ones for the same manifests.

    Each table is selected by its whole name. Further columns are added for a schema at once where its tables agree.
    """
    rules = [*_selections(tables), *_transformations(tables, replication)]
    return {"rules": [_numbered(rule, number) for number, rule in enumerate(rules, 1)]}


def _refuse_unreplicable(table: RawTableConfig, named: SourceTable) -> None:
    odd = [name for name in (named.schema, named.table) if set(name) & set("`'\"%*/")]
    if odd:
        raise UnreplicableError(
            f"{table.source_table_name}: DMS replicates no name with a quote, a slash, % or *; "
            "rename it at the source, or let another tool write its files"
        )


def _selections(by_schema: TablesBySchema) -> Iterable[Rule]:
    for schema, tables in by_schema.items():
        for table in tables:
            yield {"rule-type": "selection", "rule-action": "include", "object-locator": _named(schema, table)}


def _transformations(by_schema: TablesBySchema, replication: Replication) -> Iterable[Rule]:
    for schema, tables in by_schema.items():
        if replication.upper_case_columns:
            yield _column_rule("convert-uppercase", {**_named(schema, _ANY), "column-name": _ANY})
        if replication.operation_column:
            yield _added_column(_named(schema, _ANY), replication.operation_column, _OPERATION, _OPERATION_LENGTH)
        agree = len(set(tables.values())) == 1
        for table, added in {_ANY: next(iter(tables.values()))}.items() if agree else tables.items():
            where = _named(schema, table)
            if added.change_sequence:
                yield _added_column(where, added.change_sequence, _SEQUENCE, _SEQUENCE_LENGTH)
            if added.before_images:
                yield {**_column_rule("add-before-image-columns", where), "before-image-def": _KEY_BEFORE}


_KEY_BEFORE = {"column-prefix": BEFORE_IMAGE_PREFIX, "column-suffix": "", "column-filter": "pk-only"}
"""An update of the key is told by nothing else: without the former key its row would stay in the lake."""


def _added_column(where: Rule, name: str, expression: str, length: int) -> Rule:
    data_type = {"type": "string", "length": length}
    return {**_column_rule("add-column", where), "value": name, "expression": expression, "data-type": data_type}


def _column_rule(action: str, where: Rule) -> Rule:
    return {"rule-type": "transformation", "rule-target": "column", "rule-action": action, "object-locator": where}


def _named(schema: str, table: str) -> Rule:
    """Name a table; an underscore stands for any letter in DMS, so it is written as a set of one."""
    return {"schema-name": _plain(schema), "table-name": table if table == _ANY else _plain(table)}


def _plain(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "_[" else letter for letter in name)


def _numbered(rule: Rule, number: int) -> Rule:
    """DMS demands an id and a name that no other rule has."""
    return {"rule-id": str(number), "rule-name": str(number), **rule}
