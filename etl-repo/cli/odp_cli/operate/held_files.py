"""Groups the held loads and late files of a table, and finds the files of an entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from odp.records import LandedFile, QuarantineKind

from odp_cli.errors import CommandError
from odp_cli.operate.entries import Entry
from odp_cli.operate.names import near

_SHOWN = 5
_MANY = 1_000_000
_COMMAND_FOLLOWS = "; approve or dismiss it: "


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Files of one table that were held together: a load, or late changes."""

    reason: str
    files: tuple[LandedFile, ...]

    @property
    def kind(self) -> QuarantineKind:
        """The kind of the entry of these files."""
        is_load = any(file.is_load for file in self.files)
        return QuarantineKind.HELD_LOAD if is_load else QuarantineKind.HELD_FILE

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
    """Group the held files of one table by entry; files of an earlier release by reason and kind.

    A refresh holds loads and changes under entries of their own.
    """
    groups: dict[tuple[str, str, bool], list[LandedFile]] = {}
    for file in files:
        groups.setdefault((file.held_id, file.status_reason, file.is_load), []).append(file)
    return [HeldGroup(reason, tuple(members)) for (_, reason, _), members in groups.items()]


@dataclass(frozen=True, slots=True)
class HeldEntries:
    """All entries of held files, and their files; an earlier release held files without naming the entry.

    A file is unclear if its entry is unknown: after one of its possible entries is closed, it would seem to belong to
    the other.
    """

    entries: Sequence[Entry]
    held: Sequence[LandedFile]

    def files_of(self, entry: Entry) -> list[LandedFile]:
        """Return the held files of an entry."""
        unclear = {*self.unclear_of(entry)}
        return [file for file in self.held if entry in self._possible(file) and file not in unclear]

    def unclear_of(self, entry: Entry) -> list[LandedFile]:
        """Return the held files that may belong to an entry or to another one, which may be closed already."""
        possible = {file: entries for file in self.held if entry in (entries := self._possible(file))}
        unnamed = {file for file in possible if not file.held_id and file.name not in _names_in(entry)}
        are_too_many = len(unnamed) > _count(entry) - len(_names_in(entry))
        return [file for file, entries in possible.items() if len(entries) > 1 or (are_too_many and file in unnamed)]

    def _possible(self, file: LandedFile) -> list[Entry]:
        """Return the entry of a file; several if an earlier release held it and it may belong to any of them."""
        identity = f"{file.source_table_name}#{file.held_id or file.file_id}"
        exact = [entry for entry in self.entries if entry.entry_id == identity]
        if exact or file.held_id:
            return exact
        possible = [entry for entry in self.entries if _may_be_about(entry, file)]
        return [entry for entry in possible if file.name in _names_in(entry)] or possible


def _may_be_about(entry: Entry, file: LandedFile) -> bool:
    """Whether an entry has a file's reason and kind, and does not name all its files without this one."""
    reason, _, _ = entry.reason.rpartition(_COMMAND_FOLLOWS)
    is_of_kind = entry.kind is QuarantineKind.HELD_LOAD or not file.is_load
    names = _names_in(entry)
    may_have_it = file.name in names or _count(entry) > len(names)
    return is_of_kind and reason == f"{file.source_table_name}: {file.status_reason}" and may_have_it


def _count(entry: Entry) -> int:
    return int(entry.details.get("files", _MANY))


def _names_in(entry: Entry) -> list[str]:
    return [*filter(None, str(entry.details.get("file_names", "")).split(", "))]


def chosen_files(files: Sequence[LandedFile], names: Sequence[str]) -> list[LandedFile]:
    """Return the files that a person names by file name, key or id; all if no name is given.

    Raises:
        CommandError: none of the files has one of the names.
    """
    if not names:
        return list(files)
    known = {spelling for file in files for spelling in (file.name, file.key, file.file_id)}
    for name in names:
        if name not in known:
            shown = near(name, known, f"name one of {', '.join(sorted({file.name for file in files}))}")
            raise CommandError(f"no file {name} is held", mend=shown)
    return [file for file in files if {file.name, file.key, file.file_id} & set(names)]


def refuse_unclear(command: str, entry: Entry, unclear: Sequence[LandedFile]) -> None:
    """Refuse to decide about an entry while the entry of some files is unknown.

    Raises:
        CommandError: naming the files.
    """
    if unclear:
        raise CommandError(
            f"an earlier release held files that may be of entry {entry.number} or of another one: "
            f"{', '.join(file.file_id for file in unclear)}",
            mend=f"decide about each of these files first, by {command} {entry.number} --file ID (release or dismiss); "
            "for parts of loads, odp reload TABLE decides about all that are held",
        )


def refuse_first_part_alone(files: Sequence[LandedFile], chosen: Sequence[LandedFile]) -> None:
    """Refuse to approve the first part of a load while other parts would stay held.

    Raises:
        CommandError: the table would be replaced by the chosen parts alone.
    """
    left = [file.name for file in files if file.is_load and file not in chosen]
    first = next((file.name for file in chosen if file.is_load and file.part_number == 1), None)
    if left and first:
        raise CommandError(
            f"{first} begins a load: approved without {', '.join(left[:_SHOWN])}, it would replace the table alone",
            mend="approve all parts together by odp reload TABLE --approve, or dismiss first those that are not of the "
            "load",
        )
