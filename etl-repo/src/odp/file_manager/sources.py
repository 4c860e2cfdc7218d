"""The sources of a lake: the staging folder into which each source's DMS task writes, by configuration.

A key belongs to the source with the longest folder that contains it. Nothing is guessed from a key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lake.shown_text import shown
from odp.errors import ObjectKeyError
from odp.file_manager.object_key import DmsObject, dms_object
from odp.table_identity import DEFAULT_SOURCE, SourceTable


@dataclass(frozen=True, slots=True)
class Sources:
    """The bucket folder of each source by name; folders neither begin nor end with a slash."""

    folders: Mapping[str, str]

    @classmethod
    def from_json(cls, document: str) -> Sources:
        """Read `{"<name>": {"folder": "<folder>"}}`; further fields of a source are ignored."""
        return cls({name: str(source["folder"]).strip("/") for name, source in json.loads(document).items()})

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The key prefix of each source."""
        return tuple(sorted({_prefix(folder) for folder in self.folders.values()}))

    def parse_object_key(self, key: str) -> DmsObject:
        """Read source, schema, table and kind of file from an object key.

        Raises:
            ObjectKeyError: the key lies in no source's folder, or is neither a full-load nor a change file of DMS.
        """
        source = self._source_of(key)
        return dms_object(key, source, _prefix(self.folders[source]))

    def table_folder(self, table: SourceTable) -> str | None:
        """Return the key prefix of a table; None if its source is no longer configured."""
        folder = self.folders.get(table.source)
        return None if folder is None else f"{_prefix(folder)}{table.schema}/{table.table}/"

    def _source_of(self, key: str) -> str:
        found = [name for name, folder in self.folders.items() if key.startswith(_prefix(folder))]
        if not found:
            known = ", ".join(f"{name} in {folder}/" for name, folder in self.folders.items())
            message = (
                f"{shown(key)}: lies in no source's folder ({known}); add the source to sources in "
                "config/environments.json, or let the DMS task write into the folder of a source"
            )
            raise ObjectKeyError(message)
        return max(found, key=lambda name: len(self.folders[name]))


DEFAULT_SOURCES = Sources({DEFAULT_SOURCE: ""})
"""The sources of an environment that configures none: one without a bucket folder."""


def parse_object_key(key: str) -> DmsObject:
    """Read a key of a lake that has only the default source; raises ObjectKeyError."""
    return DEFAULT_SOURCES.parse_object_key(key)


def _prefix(folder: str) -> str:
    return f"{folder}/" if folder else ""
