"""Keeps one of equal entries, and refuses entries that configure the same table or cadence differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from odp_cli.reference_import.entries import ReferenceEntry, shown
from odp_cli.reference_import.import_log import ImportLog
from odp_cli.reference_import.reference_fields import FIELDS, NAME_OF_ENTRY


def without_repetitions(entries: Sequence[ReferenceEntry], log: ImportLog) -> list[ReferenceEntry]:
    """Give each table and cadence one entry; entries without a name configure nothing that others could."""
    first: dict[tuple[str, str], ReferenceEntry] = {}
    nameless = [entry for entry in entries if entry.name in (None, "")]
    for entry in nameless:
        log.refuse(entry.place, f"{NAME_OF_ENTRY[entry.section]} is missing")
    for entry in entries:
        if entry in nameless:
            continue
        kept = first.setdefault((entry.section, str(entry.name)), entry)
        if kept is entry:
            continue
        if kept.fields == entry.fields:
            log.decide(entry.place, NAME_OF_ENTRY[entry.section], f"says the same as {kept.place} and is left out")
        else:
            log.refuse(
                f"{kept.place} and {entry.place}",
                f"both configure {entry.name} and differ in {', '.join(_differences(kept, entry))}; keep one",
            )
    return [*first.values(), *nameless]


def _differences(one: ReferenceEntry, other: ReferenceEntry) -> Iterator[str]:
    for name in FIELDS[one.section]:
        values = one.fields.get(name), other.fields.get(name)
        if values[0] != values[1]:
            yield f"{name} ({', '.join(map(shown, values))})"
