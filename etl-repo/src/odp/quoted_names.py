"""Names within a text: one that holds a separator or a blank at an end is written in double quotes, as in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable

BETWEEN_COLUMNS = ',"'
"""What a column's name cannot hold outside of quotes."""
IN_TABLE_NAMES = '.:"/'
"""What the name of a schema or table cannot hold outside of quotes."""


def name_pattern(reserved: str) -> str:
    """Give the regular expression of one name, for Python and for JSON schemas."""
    return rf'(?:"(?:[^"]|"")+"|[^{reserved}\s](?:[^{reserved}]*[^{reserved}\s])?)'


COLUMN = name_pattern(BETWEEN_COLUMNS)
COLUMNS = rf"\s*{COLUMN}\s*(?:,\s*{COLUMN}\s*)*"


def write_name(name: str, reserved: str) -> str:
    """Write one name, in quotes only if it needs them."""
    is_plain = name == name.strip() and not set(name) & set(reserved)
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def read_name(text: str) -> str:
    """Read what `write_name` wrote."""
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def write_columns(names: Iterable[str]) -> str:
    """Write names of columns, separated by commas."""
    return ",".join(write_name(name, BETWEEN_COLUMNS) for name in names)


def read_columns(text: str) -> tuple[str, ...]:
    """Read names of columns that commas separate; raises ValueError if the text is no such list."""
    if re.fullmatch(COLUMNS, text) is None:
        message = f"{text!r} is no list of columns; separate names by commas, and quote one that holds a comma or quote"
        raise ValueError(message)
    return tuple(read_name(found) for found in re.findall(COLUMN, text))
