"""Derives names of databases and tables in the lake from the source's names, as the Data Catalog allows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 255
_FORBIDDEN = re.compile(r"[^a-z0-9_]+")
_WITHOUT_LETTERS = "table"


def identifier(name: str, suffix: str = "") -> str:
    """Make a name of a-z, 0-9 and _ that ends in the suffix; accents go, anything else becomes an underscore."""
    without_accents = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    made = _FORBIDDEN.sub("_", without_accents)
    return (made if made.strip("_") else _WITHOUT_LETTERS)[: _LONGEST - len(suffix)] + suffix


def target_names(sources: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Give each source (schema, table) a database and a table of its own; one that needs no change keeps its name."""
    targets: dict[tuple[str, str], tuple[str, str]] = {}
    taken: set[tuple[str, str]] = set()
    for source in sorted(sources, key=lambda each: (not _needs_no_change(each), each)):
        schema, table = source
        target = database, plain = identifier(schema, "_raw"), identifier(table)
        number = 2
        while target in taken:
            target = (database, identifier(plain, f"_{number}"))
            number += 1
        taken.add(target)
        targets[source] = target
    return targets


def _needs_no_change(source: tuple[str, str]) -> bool:
    return all(identifier(name) == name for name in source)
