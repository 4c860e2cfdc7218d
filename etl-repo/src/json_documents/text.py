"""Reads JSON text that a person wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

MOST_LEVELS = 50
"""Of lists and objects in each other; Python can read some 900, and then neither check nor show them."""


def read_json(text: str) -> Any:  # noqa: ANN401  any JSON value
    """Read a JSON text; raises ValueError if it is not JSON, or if it holds what no person means to write."""
    if text.startswith("\ufeff"):
        message = "begins with a byte order mark; save it as UTF-8 without one"
        raise ValueError(message)
    try:
        value = json.loads(text, object_pairs_hook=without_repetition, parse_int=whole_number)
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error}"
        raise ValueError(message) from error
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    refuse_unwritable(value)
    return value


TOO_DEEP = "is not JSON that can be read: lists and objects are nested too deeply"


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON takes the last of two equal names, and nobody would see that the first is lost."""
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            message = f"one object names {name!r} twice; keep one"
            raise ValueError(message)
        named[name] = value
    return named


def whole_number(digits: str) -> int:
    """Read a number; Python's own message on too many digits names a setting of Python."""
    try:
        return int(digits)
    except ValueError:
        message = f"a number has too many digits: {digits[:20]}…"
        raise ValueError(message) from None


def refuse_unwritable(value: object) -> None:
    r"""Refuse what JSON can say, but no later step can store, check or show.

    Raises:
        ValueError: a text has half of a character (`\ud800` without its other half), or values are nested too deeply.
    """
    level = [value]
    for _ in range(MOST_LEVELS):
        for text in filter(_is_text, level):
            _refuse_half_characters(str(text))
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise ValueError(TOO_DEEP)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _refuse_half_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        message = f"{text!r} has half of a character; write the character itself"
        raise ValueError(message) from None


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else ()
