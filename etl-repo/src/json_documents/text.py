"""Reads JSON text that a person wrote."""

from __future__ import annotations

import json
from typing import Any


def read_json(text: str) -> Any:  # noqa: ANN401  any JSON value
    """Read a JSON text; raises ValueError if it is not JSON, or if an object has one name twice."""
    try:
        return json.loads(text, object_pairs_hook=without_repetition)
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error}"
        raise ValueError(message) from error
    except RecursionError as error:
        message = "is not JSON that can be read: lists and objects are nested too deeply"
        raise ValueError(message) from error


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON takes the last of two equal names, and nobody would see that the first is lost."""
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            message = f"one object names {name!r} twice; keep one"
            raise ValueError(message)
        named[name] = value
    return named
