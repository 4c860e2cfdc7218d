"""Writes the JSON schema of a model as a file that editors use; the standard library alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def schema_text(schema: Mapping[str, Any]) -> str:
    """Return the text of the committed schema file."""
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def write_schema(text: str, arguments: Sequence[str]) -> None:
    """Write a schema to the one path that a command line gives."""
    (path,) = arguments
    Path(path).write_text(text, encoding="utf-8")
