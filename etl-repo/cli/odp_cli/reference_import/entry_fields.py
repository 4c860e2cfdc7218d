"""Names the fields of an entry as manifests do, adds what the reference takes for granted, leaves out the rest."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from odp_cli.reference_import.entries import ReferenceEntry, shown
from odp_cli.reference_import.import_log import ImportLog
from odp_cli.reference_import.reference_fields import BATCH, FIELDS, LEFT_OUT, TABLE, field_of

_CLOSE = 0.85
"""How alike a slip of the pen is to the field that was meant; `hudi_partition_keys` would unpartition a table."""
_SIZES = ("glue_job_worker_type", "glue_job_max_workers", "refresh_tables_batch_size")
_ENVIRONMENT = "cadence_defaults of the environment counts"

_TAKEN_FOR_GRANTED: Mapping[str, Mapping[str, tuple[str | None, str]]] = {
    BATCH: dict.fromkeys(_SIZES, (None, _ENVIRONMENT)),
    TABLE: {
        "hudi_partition_key": ("", "the table is unpartitioned, as in the reference"),
        "hudi_precombine_field": (None, "the order of files and rows decides which change is the last"),
        "hudi_table_type": ("copy_on_write", "the reference writes copy_on_write"),
        "table_storage_type": ("hudi", "the reference writes hudi"),
        "is_active": ("Y", "the reference refreshes every table"),
    },
}
"""What a missing field means: the value to write, None for none, and why."""


def with_known_fields(entry: ReferenceEntry, log: ImportLog) -> ReferenceEntry:
    """Return the entry with the fields of manifests only; each other field is named with its value."""
    known: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for written, value in entry.fields.items():
        name = field_of(written)
        if name not in FIELDS[entry.section]:
            _without(entry, written, value, log)
        elif value is None:
            log.decide(entry.place, name, "null counts as a missing field")
        elif name in known and not _same(known[name], value):
            both = f"{shown(known[name])} and {shown(value)}"
            log.refuse(entry.place, f"{spelled[name]} and {written} are one field, but say {both}; keep one")
        else:
            known.setdefault(name, value)
            spelled.setdefault(name, written)
            if written != name:
                log.decide(entry.place, name, f"{written} is another spelling of this field")
    return _completed(replace(entry, fields=known), log)


def _same(one: object, other: object) -> bool:
    return str(one).strip().casefold() == str(other).strip().casefold()


def _without(entry: ReferenceEntry, name: str, value: object, log: ImportLog) -> None:
    meant = [field for field in FIELDS[entry.section] if field not in map(field_of, entry.fields)]
    close = difflib.get_close_matches(name.lower(), meant, n=1, cutoff=_CLOSE)
    if close and name not in LEFT_OUT:
        log.refuse(entry.place, f"unknown field {name!r} ({shown(value)}); did you mean {close[0]!r}?")
        return
    reason = LEFT_OUT.get(name, "manifests have no such field")
    log.leave_to_check(entry.place, name, f"{shown(value)} is left out: {reason}")


def _completed(entry: ReferenceEntry, log: ImportLog) -> ReferenceEntry:
    added: dict[str, str] = {}
    for name, (value, reason) in _TAKEN_FOR_GRANTED[entry.section].items():
        if name in entry.fields:
            continue
        log.decide(entry.place, name, f"is missing: {reason}")
        if value is not None:
            added[name] = value
    return entry.having(**added)
