"""Names what a field means here and meant otherwise in the reference, which only a person can judge."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from odp_cli.reference_import.entries import ReferenceEntry, shown
from odp_cli.reference_import.import_log import ImportLog

Doubt = Callable[[Any, Any], str | None]
"""Takes a value as it was written and as the manifest has it; None where there is no doubt."""


def _bare_number(written: object, _: object) -> str | None:
    is_bare = re.fullmatch(r"\d+", str(written).strip()) is not None
    return f"{shown(written)} is taken for minutes" if is_bare else None


def _sequence(_: object, column: object) -> str | None:
    return (
        f"{column} must be the column of DMS's change sequence ($AR_H_CHANGE_SEQ); leave the field out if it is "
        "another, such as a time of change"
    )


def _table_type(_: object, found: object) -> str | None:
    if found != "merge_on_read":
        return None
    return "the reference writes copy_on_write all the same; here the table becomes merge_on_read"


def _paused(_: object, found: object) -> str | None:
    return "N pauses the table here; the reference refreshes the table all the same" if found == "N" else None


def _other_name(written: object, found: object) -> str | None:
    """Glue stores names in lower case, so that the case alone changes no query."""
    if str(written).strip().lower() == found:
        return None
    return f"{shown(written)} is no name for every reader of the Data Catalog; queries must name {found}"


_DOUBTS: Mapping[str, Doubt] = {
    "refresh_cadence": _bare_number,
    "hudi_precombine_field": _sequence,
    "hudi_table_type": _table_type,
    "is_active": _paused,
    "raw_database_name": _other_name,
    "raw_table_name": _other_name,
}


def note_doubts(before: ReferenceEntry, after: ReferenceEntry, log: ImportLog) -> None:
    """Leave to a person what the spelling of an entry does not settle."""
    for name, doubt in _DOUBTS.items():
        if name in after.fields and (text := doubt(before.fields.get(name), after.fields[name])):
            log.leave_to_check(after.place, name, text)
