"""Gives source tables their schema: the reference's flat lists name the table alone, or schema, underscore, table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from odp_cli.reference_import.entries import ReferenceEntry
from odp_cli.reference_import.import_log import ImportLog

_FIELD = "source_table_name"
AskSchema = Callable[[Sequence[str]], str]
"""Asks a person for the schema of these tables."""


def with_schemas(
    entries: Sequence[ReferenceEntry], schemas: Sequence[str], ask: AskSchema | None, log: ImportLog
) -> list[ReferenceEntry]:
    """Give each table without schema the schema that was named; several are told apart by how names begin."""
    flat = [entry for entry in entries if _is_flat(entry)]
    if flat and not schemas:
        schemas = [ask(_names(flat))] if ask else []
    _refuse_without_schema(flat, schemas, log)
    for entry in entries:
        if entry.is_table and _FIELD in entry.fields:
            log.leave_to_check(
                entry.place,
                _FIELD,
                "must be spelled, in upper and lower case, as the schema's and table's folders in the staging bucket",
            )
    return [_with_schema(entry, schemas, log) if _is_flat(entry) else entry for entry in entries]


def _is_flat(entry: ReferenceEntry) -> bool:
    return entry.is_table and isinstance(entry.name, str) and entry.name != "" and "." not in entry.name


def _names(entries: Sequence[ReferenceEntry]) -> list[str]:
    return list(dict.fromkeys(str(entry.name) for entry in entries))


def _refuse_without_schema(flat: Sequence[ReferenceEntry], schemas: Sequence[str], log: ImportLog) -> None:
    if len(schemas) == 1:
        return
    open_ones = [entry for entry in flat if _longest(str(entry.name), schemas) is None]
    if not open_ones:
        return
    files = ", ".join(dict.fromkeys(entry.file for entry in open_ones))
    names = ", ".join(_names(open_ones))
    if schemas:
        log.refuse(
            files,
            f"{_FIELD}: {names}: begin with none of the schemas {', '.join(schemas)} and an underscore; write "
            "schema.table, or import the tables of each schema by themselves",
        )
    else:
        log.refuse(
            files,
            f"{_FIELD}: no schema in {names}: add --schema NAME, the schema of the source database, which is the "
            "folder above the table's in the staging bucket",
        )


def _with_schema(entry: ReferenceEntry, schemas: Sequence[str], log: ImportLog) -> ReferenceEntry:
    """The reference's File Manager looks a table up as schema, underscore, table."""
    name = str(entry.name)
    schema = _longest(name, schemas)
    if schema is not None:
        log.leave_to_check(entry.place, _FIELD, f"{schema}_ at the beginning of the name became the schema {schema}")
        return entry.having(source_table_name=f"{schema}.{name[len(schema) + 1 :]}")
    if len(schemas) != 1:
        return entry
    log.decide(entry.place, _FIELD, f"takes the schema {schemas[0]}")
    return entry.having(source_table_name=f"{schemas[0]}.{name}")


def _longest(name: str, schemas: Sequence[str]) -> str | None:
    fits = [one for one in schemas if name.lower().startswith(f"{one.lower()}_") and len(name) > len(one) + 1]
    return max(fits, key=len, default=None)
