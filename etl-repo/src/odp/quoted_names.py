"""Column names in one text, separated by commas; a name with a comma, a quote or a blank at an end stands in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = r'[^,"\s](?:[^,"]*[^,"\s])?'
COLUMN = rf'(?:"(?:[^"]|"")+"|{_PLAIN})'
COLUMNS = rf"\s*{COLUMN}\s*(?:,\s*{COLUMN}\s*)*"


def write_columns(names: Iterable[str]) -> str:
    """Write names; only names that need quotes get them."""
    return ",".join(map(_write, names))


def read_columns(text: str) -> tuple[str, ...]:
    """Read names; raises ValueError if the text is no such list."""
    if re.fullmatch(COLUMNS, text) is None:
        message = f"{text!r} is no list of columns; separate names by commas, and quote one that holds a comma or quote"
        raise ValueError(message)
    return tuple(map(_read, re.findall(COLUMN, text)))


def _write(name: str) -> str:
    return name if re.fullmatch(_PLAIN, name) else '"' + name.replace('"', '""') + '"'


def _read(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
