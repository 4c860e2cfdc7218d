"""An entry of the reference's configuration on its way into a manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from odp_cli.reference_import.reference_fields import NAME_OF_ENTRY, TABLE


@dataclass(frozen=True, slots=True)
class ReferenceEntry:
    """The fields of one entry, the section of a manifest that it goes to, and its place for messages."""

    file: str
    place: str
    section: str
    fields: Mapping[str, Any]

    @property
    def is_table(self) -> bool:
        """Whether it configures a table rather than a cadence."""
        return self.section == TABLE

    @property
    def name(self) -> object:
        """The source table or the cadence, if known."""
        return self.fields.get(NAME_OF_ENTRY[self.section])

    def having(self, **fields: object) -> ReferenceEntry:
        """The entry with other values of these fields."""
        return replace(self, fields={**self.fields, **fields})


def shown(value: object) -> str:
    """Write a value as its file has it."""
    return json.dumps(value, ensure_ascii=False)
