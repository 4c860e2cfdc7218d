"""Compares the cadences of tables with those that are configured."""

from __future__ import annotations

from collections.abc import Sequence, Set

from odp_cli.reference_import.entries import ReferenceEntry
from odp_cli.reference_import.import_log import ImportLog
from odp_cli.reference_import.spellings import IS_CADENCE

_FIELD = "refresh_cadence"


def compare_cadences(entries: Sequence[ReferenceEntry], configured: Set[str], log: ImportLog) -> None:
    """Refuse tables whose cadence nothing configures; `configured` are the cadences of manifests beside the output.

    A name that is none of a cadence is left to validation, which says how to write it.
    """
    tables: dict[str, list[ReferenceEntry]] = {}
    for entry in entries:
        if entry.is_table and _FIELD in entry.fields:
            tables.setdefault(str(entry.fields[_FIELD]), []).append(entry)
    batches = {str(entry.name): entry for entry in entries if not entry.is_table}
    for cadence, users in tables.items():
        if IS_CADENCE.fullmatch(cadence) and cadence not in {*batches, *configured}:
            _refuse(cadence, users, log)
    for cadence, batch in batches.items():
        if tables and cadence not in tables:
            log.leave_to_check(batch.place, _FIELD, f"no table of these files has the cadence {cadence}")


def _refuse(cadence: str, users: Sequence[ReferenceEntry], log: ImportLog) -> None:
    log.refuse(
        ", ".join(dict.fromkeys(entry.file for entry in users)),
        f"{_FIELD}: nothing configures {cadence!r}, the cadence of {', '.join(str(entry.name) for entry in users)}; "
        "import odpf_batch_config.json as well, or name with --output a file beside the manifest that configures it",
    )
