"""Tells apart the loads and late files of a table that wait for a person, and which entry tells of which of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from odp.records import LandedFile, QuarantineKind

from odp_cli.errors import CommandError
from odp_cli.operate.entries import Entry
from odp_cli.operate.names import near

_SHOWN = 5
HELD_KINDS = (QuarantineKind.HELD_LOAD, QuarantineKind.HELD_FILE)


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Files of one table that are held for one reason: a load with what belongs to it, or late changes."""

    reason: str
    files: tuple[LandedFile, ...]

    @property
    def kind(self) -> QuarantineKind:
        """The kind of the entry that tells of these files."""
        is_load = any(file.is_load for file in self.files)
        return QuarantineKind.HELD_LOAD if is_load else QuarantineKind.HELD_FILE

    def is_told_by(self, entry: Entry) -> bool:
        """Whether an entry is about these files: it names their first one, or has their reason."""
        if entry.kind not in HELD_KINDS or entry.table != self.files[0].source_table_name:
            return False
        names_one = any(entry.entry_id == f"{entry.table}#{file.file_id}" for file in self.files)
        return names_one or entry.reason.startswith(f"{entry.table}: {self.reason}")

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        landed = [file.landed_at for file in self.files]
        return {
            "reason": self.reason,
            "files": len(self.files),
            "bytes": sum(file.size for file in self.files),
            "landed_from": min(landed),
            "landed_until": max(landed),
            "keys": [file.key for file in self.files],
        }


def groups_of(files: Iterable[LandedFile]) -> list[HeldGroup]:
    """Group held files of one table by the reason for which they are held."""
    groups: dict[str, list[LandedFile]] = {}
    for file in files:
        groups.setdefault(file.status_reason, []).append(file)
    return [HeldGroup(reason, tuple(members)) for reason, members in groups.items()]


def chosen_parts(files: Sequence[LandedFile], names: Sequence[str]) -> list[LandedFile]:
    """Give those of some files that a person names by file name, key or id; all without a name.

    Raises:
        CommandError: none of the files has one of the names.
    """
    if not names:
        return list(files)
    known = {spelling for file in files for spelling in (file.name, file.key, file.file_id)}
    for name in names:
        if name not in known:
            shown = near(name, known, f"name one of {', '.join(sorted({file.name for file in files}))}")
            raise CommandError(f"no part {name} is held", mend=shown)
    return [file for file in files if {file.name, file.key, file.file_id} & set(names)]


def refuse_first_part_alone(files: Sequence[LandedFile], chosen: Sequence[LandedFile]) -> None:
    """Refuse to approve the first part of a load while others of it would still wait.

    Raises:
        CommandError: the table would be replaced by the chosen parts alone.
    """
    left = [file.name for file in files if file not in chosen]
    first = next((file.name for file in chosen if file.part_number == 1), None)
    if left and first:
        raise CommandError(
            f"{first} begins a load: approved without {', '.join(left[:_SHOWN])}, it would replace the table alone",
            mend="approve all parts together, or dismiss first those that are not of the load",
        )
