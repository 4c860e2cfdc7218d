"""Generates the JSON schema from which editors complete and check table manifests.

Run `make manifest-schema` after changing the fields.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from odp.config_manager.manifest import SECTIONS
from odp.config_manager.manifest_fields import SANITISE, Field

_MEANING = {
    "batch_configs": "How the tables of each cadence are processed.",
    "raw_table_configs": "How each source table becomes a table of the raw database.",
}


def render_schema() -> str:
    """Give the JSON schema of a manifest, as it is committed beside the manifests."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ODP table manifest",
        "type": "object",
        "properties": {
            "$schema": {"type": "string"},
            **{name: {"description": _MEANING[name], **_entries(fields)} for name, fields in SECTIONS.items()},
        },
        "additionalProperties": False,
    }
    return json.dumps(schema, indent=2) + "\n"


def _entries(fields: Mapping[str, Field]) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": _properties(fields),
            "required": [name for name, field in fields.items() if not field.is_optional],
            "additionalProperties": False,
            **_one_name_each(fields),
            **_plain_column_names(fields),
        },
    }


def _properties(fields: Mapping[str, Field]) -> dict[str, Any]:
    described: dict[str, Any] = {}
    for name, field in fields.items():
        default = {"default": field.default} if field.default is not None else {}
        described[name] = {"description": field.meaning, **field.schema, **default}
        if field.alias:
            described[field.alias] = described[name]
    return described


def _one_name_each(fields: Mapping[str, Field]) -> dict[str, Any]:
    both = [{"not": {"required": [name, field.alias]}} for name, field in fields.items() if field.alias]
    return {"allOf": both} if both else {}


def _plain_column_names(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Where names are sanitised, keys are named as the source names them."""
    names = {
        name: field.plain_schema
        for key, field in fields.items()
        for name in (key, field.alias)
        if name and field.plain_schema
    }
    if not names:
        return {}
    is_sanitised = {"properties": {"column_names": {"const": SANITISE}}, "required": ["column_names"]}
    return {"if": is_sanitised, "else": {"properties": names}}


def main(arguments: list[str]) -> None:
    """Write the schema to the path given."""
    (path,) = arguments
    Path(path).write_text(render_schema(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
