"""Groups listed objects by source table, with the same reading of keys as the deployed File Manager."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from odp.errors import ObjectKeyError
from odp.file_manager.object_key import DmsObject, parse_object_key
from odp.records import FileType

from odp_cli.inference.landed_objects import LandedObject


@dataclass(frozen=True, slots=True)
class LandedTable:
    """The files of one source table, in the order in which DMS wrote them."""

    schema_name: str
    table_name: str
    loads: tuple[LandedObject, ...] = ()
    changes: tuple[LandedObject, ...] = ()
    folders: tuple[str, ...] = ("",)
    """What precedes schema/table/ in the keys; more than one means that two tasks or copies feed one table."""

    @property
    def source_table_name(self) -> str:
        """The name that manifests use: `schema.table`."""
        return f"{self.schema_name}.{self.table_name}"

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
    folders: set[str] = field(default_factory=set)


def landed_tables(objects: Iterable[LandedObject]) -> LandedTables:
    """Put each object to its source table; an object that is no DMS file is kept with the reason."""
    found: dict[tuple[str, str], _Files] = defaultdict(_Files)
    others: list[OtherObject] = []
    for landed in objects:
        try:
            dms_object = parse_object_key(landed.key)
        except ObjectKeyError as error:
            others.append(OtherObject(landed.key, landed.size, str(error)))
            continue
        files = found[dms_object.schema_name, dms_object.table_name]
        files.folders.add(_folder(landed.key, dms_object))
        (files.loads if dms_object.file_type is FileType.FULL_LOAD else files.changes).append(landed)
    tables = (_table(schema, table, files) for (schema, table), files in sorted(found.items()))
    return LandedTables(tuple(tables), tuple(sorted(others, key=lambda other: other.key)))


def _table(schema_name: str, table_name: str, files: _Files) -> LandedTable:
    return LandedTable(
        schema_name,
        table_name,
        loads=tuple(sorted(files.loads, key=_order)),
        changes=tuple(sorted(files.changes, key=_order)),
        folders=tuple(sorted(files.folders)),
    )


def _order(landed: LandedObject) -> tuple[str, str]:
    return landed.name, landed.key


def _folder(key: str, dms_object: DmsObject) -> str:
    return key[: key.rindex(f"{dms_object.schema_name}/{dms_object.table_name}/")]
