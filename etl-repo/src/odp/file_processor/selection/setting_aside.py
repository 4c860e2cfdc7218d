"""Quarantine entries of files that a refresh did not apply and that a person must look at."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from odp.records import LandedFile, Quarantined, QuarantineKind, RawTableConfig, SkipReason
from odp.refresh import HeldFiles, RefreshPlan

_TO_LOOK_AT = {SkipReason.VANISHED.value}
_SHOWN = 5


def entries_of(config: RawTableConfig, refresh: RefreshPlan) -> Iterator[Quarantined]:
    """Give the quarantine entries of held files, and of skipped files whose objects were deleted."""
    for held in refresh.held:
        yield _held(config, held)
    for file in refresh.skipped:
        if file.status_reason in _TO_LOOK_AT:
            yield _skipped(file)


def _held(config: RawTableConfig, held: HeldFiles) -> Quarantined:
    is_load = any(file.is_load for file in held.files)
    kind = QuarantineKind.HELD_LOAD if is_load else QuarantineKind.HELD_FILE
    entry_id = f"{config.source_table_name}#{held.held_id}"
    command = _command_for_load(config.source_table_name) if is_load else _command_for_file(entry_id)
    reason = f"{config.source_table_name}: {held.reason}; approve or dismiss it: {command}"
    details: dict[str, str | int] = {
        "source_table_name": config.source_table_name,
        "files": len(held.files),
        "bytes": sum(file.size for file in held.files),
        "first_file": held.files[0].key,
        "landed_from": min((file.landed_at for file in held.files if not file.is_emptying), default=""),
        "file_names": ", ".join(file.name for file in held.files[:_SHOWN]),
    }
    return Quarantined(kind, entry_id, reason, details)


def _command_for_load(source_table_name: str) -> str:
    return f"odp reload {shlex.quote(source_table_name)} --approve, or --dismiss"


def _command_for_file(entry_id: str) -> str:
    entry = shlex.quote(entry_id)
    return f"odp quarantine release {entry}, or odp quarantine dismiss {entry} --reason TEXT"


def _skipped(file: LandedFile) -> Quarantined:
    reason = (
        f"{file.source_table_name}: {file.key}: {file.status_reason}; upload the object again, and its new version "
        "is applied in its place; removing a delete marker makes none"
    )
    details: dict[str, str | int] = {
        "source_table_name": file.source_table_name,
        "file_ingestion_path": file.key,
        "file_size": file.size,
        "file_ingestion_date_time": file.landed_at,
    }
    return Quarantined(QuarantineKind.SKIPPED_FILE, file.file_id, reason, details)
