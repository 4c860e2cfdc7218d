"""What a table is before a refresh, as far as a decision needs it; no format is known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lake.tables.columns import Columns


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """A table's columns without technical ones, and the newest load part and change file by name in it.

    `source_names` has the source's name of each column that the source calls otherwise, by the table's name. It is
    None if the table's commits recorded no names: then nobody knows how the source calls any column.
    """

    columns: Columns
    newest_load: str = ""
    newest_change: str = ""
    source_names: Mapping[str, str] | None = field(default_factory=dict)

    @property
    def sources(self) -> dict[str, str]:
        """The source's name of each column for which it is known, by the table's name."""
        if self.source_names is None:
            return {}
        return {name: self.source_names.get(name, name) for name in self.columns}
