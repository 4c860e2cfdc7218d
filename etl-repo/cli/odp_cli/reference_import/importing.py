"""Runs the rules of an import over all files at once, so that every problem is told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from odp_cli.reference_import.bucket_roles import with_bucket_roles
from odp_cli.reference_import.cadences import compare_cadences
from odp_cli.reference_import.doubts import note_doubts
from odp_cli.reference_import.entries import ReferenceEntry, shown
from odp_cli.reference_import.entry_fields import with_known_fields
from odp_cli.reference_import.errors import ReferenceFileError
from odp_cli.reference_import.exported_shapes import entries_of
from odp_cli.reference_import.import_log import ImportLog
from odp_cli.reference_import.json_text import json_values
from odp_cli.reference_import.reference_fields import FIELDS, NAME_OF_ENTRY, section_of
from odp_cli.reference_import.repetitions import without_repetitions
from odp_cli.reference_import.source_schemas import AskSchema, with_schemas
from odp_cli.reference_import.spellings import as_manifests_spell_it


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person says about entries that their files leave open."""

    schemas: Sequence[str] = ()
    bucket_roles: Mapping[str, str] = field(default_factory=dict)
    ask_schema: AskSchema | None = None


def imported_entries(
    files: Mapping[str, bytes], choices: Choices, configured: Set[str], log: ImportLog
) -> list[ReferenceEntry]:
    """Return the entries of all files as manifests write them; what keeps them from it is in the log.

    Args:
        files: the content of each file by its name.
        choices: what a person says.
        configured: the cadences that manifests configure beside which these entries will be.
        log: takes decisions and problems.
    """
    read = [entry for name, content in files.items() for entry in _entries(name, content, log)]
    if log.problems:
        return []
    entries = [_spelled(with_known_fields(entry, log), log) for entry in read]
    entries = with_schemas(entries, choices.schemas, choices.ask_schema, log)
    entries = with_bucket_roles(entries, choices.bucket_roles, log)
    entries = without_repetitions(entries, log)
    compare_cadences(entries, configured, log)
    return entries


def manifest_of(entries: Sequence[ReferenceEntry]) -> dict[str, list[dict[str, Any]]]:
    """Write entries as a manifest, without a section that would be empty."""
    sections = {
        section: [
            {name: entry.fields[name] for name in names if name in entry.fields}
            for entry in entries
            if entry.section == section
        ]
        for section, names in FIELDS.items()
    }
    return {section: listed for section, listed in sections.items() if listed}


def _entries(file: str, content: bytes, log: ImportLog) -> list[ReferenceEntry]:
    try:
        found = entries_of(json_values(content))
    except ReferenceFileError as error:
        log.refuse(file, str(error))
        return []
    return [_entry(file, position, fields) for position, fields in enumerate(found, start=1)]


def _entry(file: str, position: int, fields: Mapping[str, Any]) -> ReferenceEntry:
    section = section_of(fields) or ""
    name = fields.get(NAME_OF_ENTRY[section])
    label = f" ({name})" if name else ""
    return ReferenceEntry(file, f"{file}: entry {position}{label}", section, fields)


def _spelled(entry: ReferenceEntry, log: ImportLog) -> ReferenceEntry:
    fields = {name: as_manifests_spell_it(name, value) for name, value in entry.fields.items()}
    for name, value in fields.items():
        written = entry.fields[name]
        if (type(value), value) != (type(written), written):
            log.decide(entry.place, name, f"{shown(written)} became {shown(value)}")
    if fields.get("hudi_precombine_field") == "":
        del fields["hudi_precombine_field"]
        log.decide(entry.place, "hudi_precombine_field", "is empty: the order of files and rows decides")
    spelled = ReferenceEntry(entry.file, entry.place, entry.section, fields)
    note_doubts(entry, spelled, log)
    return spelled
