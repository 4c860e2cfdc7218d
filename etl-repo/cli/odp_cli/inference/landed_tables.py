"""Groups listed objects by source table, with the same reading of keys as the deployed File Manager."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from odp.errors import ObjectKeyError
from odp.file_manager.sources import Sources
from odp.records import FileType
from odp.table_identity import DEFAULT_SOURCE, SourceTable

from odp_cli.inference.landed_objects import LandedObject


@dataclass(frozen=True, slots=True)
class LandedTable:
    """The files of one source table, in the order in which DMS wrote them."""

    schema_name: str
    table_name: str
    loads: tuple[LandedObject, ...] = ()
    changes: tuple[LandedObject, ...] = ()

    @property
    def source_table_name(self) -> str:
        """The name that manifests use: `schema.table`."""
        return SourceTable(DEFAULT_SOURCE, self.schema_name, self.table_name).name

    @property
    def files(self) -> tuple[LandedObject, ...]:
        """The full load, then the changes."""
        return (*self.loads, *self.changes)

    @property
    def load_bytes(self) -> int:
        """How much the full load takes as it landed."""
        return sum(load.size for load in self.loads)

    @property
    def change_bytes(self) -> int:
        """How much all change files take as they landed."""
        return sum(change.size for change in self.changes)


@dataclass(frozen=True, slots=True)
class OtherObject:
    """An object that belongs to no table, with the reason."""

    key: str
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class LandedTables:
    """Everything that was listed: each object is in one table or among the others."""

    tables: tuple[LandedTable, ...]
    others: tuple[OtherObject, ...]


@dataclass(slots=True)
class _Files:
    loads: list[LandedObject] = field(default_factory=list)
    changes: list[LandedObject] = field(default_factory=list)


def landed_tables(objects: Iterable[LandedObject], folder: str = "") -> LandedTables:
    """Put each object below the source's folder to its table; one that is no DMS file is kept with the reason."""
    sources = Sources({DEFAULT_SOURCE: folder.strip("/")})
    found: dict[tuple[str, str], _Files] = defaultdict(_Files)
    others: list[OtherObject] = []
    for landed in objects:
        if landed.key.endswith("/") and not landed.size:
            continue  # a folder marker
        try:
            dms_object = sources.parse_object_key(landed.key)
        except ObjectKeyError as error:
            others.append(OtherObject(landed.key, landed.size, str(error)))
            continue
        files = found[dms_object.schema_name, dms_object.table_name]
        (files.loads if dms_object.file_type is FileType.FULL_LOAD else files.changes).append(landed)
    tables = (_table(schema, table, files) for (schema, table), files in sorted(found.items()))
    return LandedTables(tuple(tables), tuple(sorted(others, key=lambda other: other.key)))


def _table(schema_name: str, table_name: str, files: _Files) -> LandedTable:
    return LandedTable(
        schema_name,
        table_name,
        loads=tuple(sorted(files.loads, key=_order)),
        changes=tuple(sorted(files.changes, key=_order)),
    )


def _order(landed: LandedObject) -> tuple[str, str]:
    return landed.name, landed.key
