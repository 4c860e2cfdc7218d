"""Generates the JSON schema from which editors complete and check table manifests.

Run `make schemas` after changing the models.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from json_documents.schema_file import schema_text, write_schema

from odp.config_manager.manifest_columns import PLAIN_COLUMN_OR_NONE, PLAIN_KEY, SANITISE
from odp.config_manager.manifest_model import OWN_FIELDS, BatchEntry, ManifestFile, TableEntry

Schema = dict[str, Any]
FROM_ENVIRONMENT = ("glue_job_worker_type", "glue_job_max_workers", "refresh_tables_batch_size")
"""What an entry of batch_configs may leave out, because config/environments.json says it."""
_PLAIN = {"primary_key": PLAIN_KEY, "partition_key": PLAIN_COLUMN_OR_NONE, "change_sequence": PLAIN_COLUMN_OR_NONE}
_PLAIN_TABLE = r"\.(\"[A-Za-z0-9_]{1,255}\"|[A-Za-z0-9_]{1,255})$"
"""Source tables after which a table of the lake can be named."""


def render_schema() -> str:
    """Give the JSON schema of a manifest, as it is committed beside the manifests."""
    schema = ManifestFile.model_json_schema()
    batch, table = schema["$defs"][BatchEntry.__name__], schema["$defs"][TableEntry.__name__]
    batch["required"] = [name for name in batch["required"] if name not in FROM_ENVIRONMENT]
    demanded = [name for name, field in TableEntry.model_fields.items() if field.is_required()]
    table["required"] = [name for name in demanded if name in OWN_FIELDS]
    table["allOf"] = [rule for rule in table["allOf"] if "not" in rule] + [_named_like_its_source()]
    left = [name for name in demanded if name not in OWN_FIELDS]
    schema["allOf"] = [*map(_demanded_of_entries_or_defaults, left), _plain_columns()]
    return schema_text(schema)


def _demanded_of_entries_or_defaults(name: str) -> Schema:
    one = {"anyOf": [{"required": [each]} for each in _names(name)]}
    return {"if": _defaults(one), "else": _tables(one)}


def _named_like_its_source() -> Schema:
    plain = {"properties": {"source_table_name": {"pattern": _PLAIN_TABLE}}}
    return {"if": plain, "else": {"required": ["raw_table_name"]}}


def _plain_columns() -> Schema:
    """Where names are sanitised, keys are named as the source names them."""
    plain = {"properties": {each: rule for name, rule in _PLAIN.items() for each in _names(name)}}
    return {
        "if": _defaults(_policy(SANITISE)),
        "then": _tables({"if": _policy("refuse"), "then": plain}),
        "else": _tables({"if": _policy(SANITISE), "else": plain}),
    }


def _policy(value: str) -> Schema:
    return {"properties": {"column_names": {"const": value}}, "required": ["column_names"]}


def _defaults(rule: Schema) -> Schema:
    return {"properties": {"defaults": rule}, "required": ["defaults"]}


def _tables(rule: Schema) -> Schema:
    return {"properties": {"raw_table_configs": {"items": rule}}}


def _names(first: str) -> Iterable[str]:
    return [name for name, field in TableEntry.names().items() if field == first]


def main(arguments: list[str]) -> None:
    """Write the schema to the path given."""
    write_schema(render_schema(), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
