"""The identity of a source table, and its text form in manifests, records and messages."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_SOURCE = "default"
"""The default source: its tables are named `schema.table`."""

SOURCE_NAME = "[a-z][a-z0-9_-]*"
_QUOTED = '"(?:[^"]|"")+"'
_PLAIN = r'[^.:"/\s](?:[^.:"/]*[^.:"/\s])?'
_PART = f"(?:{_QUOTED}|{_PLAIN})"
PATTERN = rf"(?:{SOURCE_NAME}:)?{_PART}\.{_PART}"
"""The pattern of `SourceTable.parse`, for the JSON schema of the manifests."""

_IDENTITY = re.compile(rf"(?:(?P<source>{SOURCE_NAME}):)?(?P<schema>{_PART})\.(?P<table>{_PART})", re.DOTALL)
_IS_PLAIN = re.compile(_PLAIN, re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class SourceTable:
    """A table of a source database. Tables of one schema and name in two sources are two tables."""

    source: str
    schema: str
    table: str

    @property
    def name(self) -> str:
        """Write the identity: `schema.table` for the default source, otherwise `source:schema.table`."""
        source = "" if self.source == DEFAULT_SOURCE else f"{self.source}:"
        return f"{source}{_written(self.schema)}.{_written(self.table)}"

    @classmethod
    def parse(cls, name: str) -> SourceTable:
        """Read the text of an identity.

        Raises:
            ValueError: the text is no identity.
        """
        match = _IDENTITY.fullmatch(name)
        if match is None:
            message = (
                f"{name!r} is no source table; write schema.table, or source:schema.table for a source other than "
                f'{DEFAULT_SOURCE!r}, and put a schema or table that holds one of . : " / or white space at an end '
                'into double quotes: "my.schema"."Order Details"'
            )
            raise ValueError(message)
        return cls(match["source"] or DEFAULT_SOURCE, _read(match["schema"]), _read(match["table"]))


def _written(part: str) -> str:
    if _IS_PLAIN.fullmatch(part):
        return part
    doubled = part.replace('"', '""')
    return f'"{doubled}"'


def _read(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
