"""Commits to the catalog once, and finds out what became of it; nothing is deleted that a commit may refer to.

pyiceberg's own transactions are not used. After a refused commit they delete the manifests that they wrote. A request
whose answer was lost is sent again, refused, and its manifests are deleted although they are live: the table is lost.
They also put a change onto another state of the table than it was made for, if the table has moved.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.io import load_file_io
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import StagedTable, Table
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import (
    AddPartitionSpecUpdate,
    AddSchemaUpdate,
    AddSnapshotUpdate,
    AddSortOrderUpdate,
    AssertCreate,
    AssertCurrentSchemaId,
    AssertDefaultSpecId,
    AssertLastAssignedFieldId,
    AssertRefSnapshotId,
    AssertTableUUID,
    AssignUUIDUpdate,
    RemoveSnapshotsUpdate,
    SetCurrentSchemaUpdate,
    SetDefaultSortOrderUpdate,
    SetDefaultSpecUpdate,
    SetLocationUpdate,
    SetPropertiesUpdate,
    SetSnapshotRefUpdate,
    TableRequirement,
    TableUpdate,
    UpgradeFormatVersionUpdate,
)

from lake.errors import CommitUnknownError, RejectedInputError, TableMovedError, one_line

logger = logging.getLogger(__name__)

_BAD_REQUEST, _SERVICE_FAILED = 400, 500
_REFUSED = (CommitFailedException, TableAlreadyExistsError, NoSuchTableError)


@dataclass(frozen=True, slots=True)
class NewTable:
    """What a table is made as."""

    schema: Schema
    spec: PartitionSpec
    location: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """A table as it was when it was read, or as it is to be made."""

    catalog: Catalog
    name: tuple[str, str]
    table: Table
    is_new: bool

    @property
    def requirements(self) -> list[TableRequirement]:
        """Demand that the table is the one that was read, in its rows, its schema and its partitions."""
        metadata = self.table.metadata
        if self.is_new:
            return [AssertCreate()]
        return [
            AssertTableUUID(uuid=metadata.table_uuid),
            AssertRefSnapshotId(ref=MAIN_BRANCH, snapshot_id=metadata.current_snapshot_id),
            AssertCurrentSchemaId(current_schema_id=metadata.current_schema_id),
            AssertLastAssignedFieldId(last_assigned_field_id=metadata.last_column_id),
            AssertDefaultSpecId(default_spec_id=metadata.default_spec_id),
        ]

    def commit(self, updates: Sequence[TableUpdate], landed: Callable[[TableMetadata], bool]) -> TableMetadata:
        """Ask the catalog once for a commit; if the answer is not that it landed, look into the table.

        Raises:
            TableMovedError: the commit did not land, because the table is not as it was read.
            CommitUnknownError: nobody knows whether the commit landed or will land.
            RejectedInputError: the catalog has no such database.
            Exception: the service's own, if it refused the request for another reason.
        """
        try:
            return self.catalog.commit_table(self.table, tuple(self.requirements), tuple(updates)).metadata
        except Exception as failure:
            found = self._look_again(failure)
            if found is not None and landed(found.metadata):
                logger.warning("%s.%s: the commit landed although its answer was lost", *self.name)
                return found.metadata
            name = ".".join(self.name)
            if isinstance(failure, _REFUSED) or (found and _forgets_again(updates, found.metadata, failure)):
                message = f"{name} has changed since it was read, so the commit was refused: {one_line(failure)}"
                raise TableMovedError(message) from failure
            if isinstance(failure, NoSuchNamespaceError):
                message = f"{name} cannot be made: {failure}"
                raise RejectedInputError(message) from failure
            if _is_refused(failure):
                raise
            message = f"{name} does not show the commit whose answer was lost: {type(failure).__name__}: {failure}"
            raise CommitUnknownError(message) from failure

    def _look_again(self, failure: Exception) -> Table | None:
        try:
            return self.catalog.load_table(self.name)
        except NoSuchTableError:
            return None
        except Exception as second:
            name = ".".join(self.name)
            message = f"{name}: the answer of a commit was lost, and the table cannot be read: {failure}; {second}"
            raise CommitUnknownError(message) from second


def _forgets_again(updates: Sequence[TableUpdate], found: TableMetadata, failure: Exception) -> bool:
    """Whether another service forgot the same snapshots first, such as the Data Catalog's retention.

    pyiceberg then sends nothing.
    """
    forgotten = {id_ for update in updates if isinstance(update, RemoveSnapshotsUpdate) for id_ in update.snapshot_ids}
    known = {snapshot.snapshot_id for snapshot in found.snapshots}
    return isinstance(failure, ValueError) and bool(forgotten - known)


def _is_refused(failure: Exception) -> bool:
    """Whether a service of AWS answered that the request itself is at fault, such as for lack of a right."""
    answer = getattr(failure, "response", {}).get("ResponseMetadata", {})
    return bool(_BAD_REQUEST <= answer.get("HTTPStatusCode", 0) < _SERVICE_FAILED)


def staged_table(catalog: Catalog, name: tuple[str, str], definition: NewTable) -> CatalogTable:
    """Give a table that does not exist, with the metadata that it will have; nothing is written."""
    metadata = new_table_metadata(
        definition.schema, definition.spec, UNSORTED_SORT_ORDER, definition.location, {**definition.properties}
    )
    io = load_file_io(catalog.properties, definition.location)
    return CatalogTable(catalog, name, StagedTable(name, metadata, "", io, catalog), is_new=True)


def creating_updates(metadata: TableMetadata) -> list[TableUpdate]:
    """Give the updates that make a table of this metadata."""
    return [
        AssignUUIDUpdate(uuid=metadata.table_uuid),
        UpgradeFormatVersionUpdate(format_version=metadata.format_version),
        AddSchemaUpdate(schema_=metadata.schema()),
        SetCurrentSchemaUpdate(schema_id=-1),
        AddPartitionSpecUpdate(spec=metadata.spec()),
        SetDefaultSpecUpdate(spec_id=-1),
        AddSortOrderUpdate(sort_order=UNSORTED_SORT_ORDER),
        SetDefaultSortOrderUpdate(sort_order_id=-1),
        SetLocationUpdate(location=metadata.location),
        SetPropertiesUpdate(updates=metadata.properties),
    ]


def schema_updates(metadata: TableMetadata, schema: Schema, spec: PartitionSpec) -> list[TableUpdate]:
    """Give the updates by which a table has another schema and other partitions."""
    updates: list[TableUpdate] = []
    if schema.schema_id not in {known.schema_id for known in metadata.schemas}:
        updates.append(AddSchemaUpdate(schema_=schema))
    if schema.schema_id != metadata.current_schema_id:
        updates.append(SetCurrentSchemaUpdate(schema_id=schema.schema_id))
    if spec.spec_id not in {known.spec_id for known in metadata.partition_specs}:
        updates.append(AddPartitionSpecUpdate(spec=spec))
    if spec.spec_id != metadata.default_spec_id:
        updates.append(SetDefaultSpecUpdate(spec_id=spec.spec_id))
    return updates


def renewed_properties(metadata: TableMetadata, properties: Mapping[str, str]) -> list[TableUpdate]:
    """Return the updates by which a table of an earlier release has the properties of a new one."""
    differing = {name: text for name, text in properties.items() if metadata.properties.get(name) != text}
    differing.pop("format-version", None)  # no property of a table that exists
    return [SetPropertiesUpdate(updates=differing)] if differing else []


def snapshot_updates(snapshot: Snapshot, expired: Sequence[Snapshot]) -> list[TableUpdate]:
    """Give the updates by which a snapshot is the table's newest, and others are forgotten."""
    main = SetSnapshotRefUpdate(
        ref_name=MAIN_BRANCH,
        type=SnapshotRefType.BRANCH,
        snapshot_id=snapshot.snapshot_id,
        max_ref_age_ms=None,
        max_snapshot_age_ms=None,
        min_snapshots_to_keep=None,
    )
    forgotten = [RemoveSnapshotsUpdate(snapshot_ids=[each.snapshot_id for each in expired])] if expired else []
    return [AddSnapshotUpdate(snapshot=snapshot), main, *forgotten]
