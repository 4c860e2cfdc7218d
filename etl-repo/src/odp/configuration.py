"""A lake's configuration as a whole: its entries as they are stored, and what differs between two wholes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from odp.records import AUTO, BatchConfig, RawTableConfig, RowHistory
from odp.stored_format import FORMAT
from odp.table_identity import bucket_role, from_stored, read_columns, read_partition, stored, write_columns

Entry = BatchConfig | RawTableConfig
Fields = dict[str, str | int]
"""An entry as the configuration tables write it, and as manifests may: under the reference framework's names."""


def fields_of(entry: Entry) -> Fields:
    """Write an entry with the names and values that are stored."""
    if isinstance(entry, BatchConfig):
        return asdict(entry)
    return {
        "refresh_cadence": entry.refresh_cadence,
        **entry.identity,
        **stored({"change_sequence": write_columns(filter(None, [entry.change_sequence]))}),
        "is_active": "Y" if entry.is_active else "N",
        "raw_database_name": entry.raw_database_name,
        "raw_table_name": entry.raw_table_name,
        "column_names": entry.column_names,
        "on_dropped_column": entry.on_dropped_column,
        "before_images": entry.before_images,
        **({} if entry.engine == AUTO else {"engine": entry.engine}),
    }


def item_of(entry: Entry) -> Fields:
    """Write an entry as the configuration tables keep it, with the number of the format."""
    return {**fields_of(entry), "format": FORMAT}


def batch_config_of(fields: Mapping[str, Any]) -> BatchConfig:
    """Read a cadence that `fields_of` or `item_of` wrote, in any format; further fields are ignored."""
    return BatchConfig(
        refresh_cadence=fields["refresh_cadence"],
        datalake_format=fields["datalake_format"],
        glue_job_name=fields["glue_job_name"],
        glue_job_worker_type=fields["glue_job_worker_type"],
        glue_job_max_workers=int(fields["glue_job_max_workers"]),
        refresh_tables_batch_size=int(fields["refresh_tables_batch_size"]),
    )


def raw_table_config_of(fields: Mapping[str, Any]) -> RawTableConfig:
    """Read a table that `fields_of` or `item_of` wrote, in any format; further fields are ignored."""
    fields = from_stored(fields)
    partition = read_partition(fields["partition_key"]) if fields["partition_key"] else None
    return RawTableConfig(
        refresh_cadence=fields["refresh_cadence"],
        source_table_name=fields["source_table_name"],
        primary_key=read_columns(fields["primary_key"]),
        partition_key=partition.column if partition else None,
        change_sequence=_column_or_none(fields.get("change_sequence", "")),
        hudi_table_type=fields["hudi_table_type"],
        history=RowHistory(fields["history"]),
        table_format=fields["table_format"],
        is_active=fields["is_active"] == "Y",
        raw_database_name=fields["raw_database_name"],
        raw_database_s3_bucket=bucket_role(fields["raw_database_S3_bucket"]),
        raw_table_name=fields["raw_table_name"],
        column_names=fields.get("column_names", "refuse"),
        on_dropped_column=fields.get("on_dropped_column", "refuse"),
        before_images=fields.get("before_images", "detect"),
        partition_transform=partition.transform if partition else "identity",
        partition_buckets=partition.buckets if partition else 0,
        engine=fields.get("engine", AUTO),
    )


def _column_or_none(text: str) -> str | None:
    return read_columns(text)[0] if text else None


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every entry by its name: batch configurations by cadence, table configurations by source table."""

    batches: Mapping[str, BatchConfig]
    tables: Mapping[str, RawTableConfig]

    @classmethod
    def of(cls, batches: Iterable[BatchConfig], tables: Iterable[RawTableConfig]) -> Configuration:
        """Name the entries."""
        return cls(
            {batch.refresh_cadence: batch for batch in batches}, {table.source_table_name: table for table in tables}
        )

    @property
    def entries(self) -> dict[str, Entry]:
        """All entries; a source table's name has a dot, a cadence's has none."""
        return {**self.batches, **self.tables}


class ChangeKind(StrEnum):
    """The kind of a change of an entry."""

    ADDED = "added"
    CHANGED = "changed"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry before and after; None where there is none."""

    name: str
    before: Entry | None
    after: Entry | None

    @property
    def kind(self) -> ChangeKind:
        """What becomes of the entry."""
        if self.before is None:
            return ChangeKind.ADDED
        if self.after is None:
            return ChangeKind.REMOVED
        was_active, is_active = getattr(self.before, "is_active", True), getattr(self.after, "is_active", True)
        if was_active == is_active:
            return ChangeKind.CHANGED
        return ChangeKind.REACTIVATED if is_active else ChangeKind.DEACTIVATED

    @property
    def differences(self) -> dict[str, tuple[str | int | None, str | int | None]]:
        """The fields that differ, before and after."""
        before = fields_of(self.before) if self.before else {}
        after = fields_of(self.after) if self.after else {}
        names = dict.fromkeys([*before, *after])
        return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def compare(running: Configuration, desired: Configuration) -> tuple[Change, ...]:
    """List the entries that differ, cadences first, each by name."""
    before, after = running.entries, desired.entries
    names = sorted(before.keys() | after.keys(), key=lambda name: ("." in name, name))
    changes = (Change(name, before.get(name), after.get(name)) for name in names)
    return tuple(change for change in changes if change.before != change.after)


class RequestStatus(StrEnum):
    """The outcome of a configuration request."""

    RECEIVED = "received"
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class ConfigRequest:
    """One version of the configuration request's object, as it came.

    `request_id` is the object's version, `received_at` (ISO 8601, UTC) the time at which S3 took it.
    """

    request_id: str
    received_at: str
    document: bytes

    @property
    def deployed_at(self) -> str:
        """The sort key of everything that odpf_config_deploy_tracker knows about the request."""
        return f"{self.received_at}#{self.request_id}"


@dataclass(frozen=True, slots=True)
class ConfigDeployment:
    """The record of a request: who sent it, from which commit, what it changed, or why it was refused.

    `warnings` name limits that changed entries have for their readers.
    """

    request: ConfigRequest
    commit: str
    requested_by: str
    status: RequestStatus
    changes: tuple[Change, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many entries were added, changed and so on; kinds without any are left out."""
        kinds = [change.kind.value for change in self.changes]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
