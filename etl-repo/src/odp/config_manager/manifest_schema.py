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
from odp.config_manager.manifest_fields import Field

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
            "properties": {name: {"description": field.meaning, **field.schema} for name, field in fields.items()},
            "required": [name for name, field in fields.items() if not field.is_optional],
            "additionalProperties": False,
        },
    }


def main(arguments: list[str]) -> None:
    """Write the schema to the path given."""
    (path,) = arguments
    Path(path).write_text(render_schema(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
