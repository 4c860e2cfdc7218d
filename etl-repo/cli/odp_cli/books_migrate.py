"""`odp books migrate`: brings the books of a lake into the format of this release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from odp_cli.migration.books import BooksMigration, Findings
from odp_cli.migration.lake_books import LakeBooks


@dataclass(frozen=True)
class Migration:
    """What was found in the books, and whether it was migrated."""

    found: Findings
    dry_run: bool
    was_done: bool

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        counts = ("pending", "history", "leases", "quarantine")
        return {
            "dry_run": self.dry_run,
            "items": {name: getattr(self.found, name) for name in counts},
            "renamed": self.found.renamed,
            "split": self.found.mixed,
            "refused": self.found.problems,
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        if self.was_done:
            return ["✓ the books are in the format of this release already"]
        counted = ", ".join(f"{name} {number:,}" for name, number in self.as_json()["items"].items())
        done = "to be migrated" if self.dry_run or self.found.problems else "migrated"
        renamed = [f"  {old} is {new} now: name it so in its manifest" for old, new in self.found.renamed.items()]
        split = [
            f"  {old} is split into {', '.join(new)}: load each of them again" for old, new in self.found.mixed.items()
        ]
        return [f"{'…' if self.dry_run else '✓'} {done}: {counted}", *renamed, *split]


def migrate(lake: LakeBooks, *, dry_run: bool, split: bool) -> Migration:
    """Look at the books, and migrate them unless something stands in the way."""
    if not dry_run:
        lake.require_this_release()
    return migrated(lake.migration(), by="" if dry_run else lake.caller, split=split)


def migrated(books: BooksMigration, *, by: str, split: bool) -> Migration:
    """Migrate the books in the name of somebody; in the name of nobody, only look."""
    found = books.find(split=split)
    was_done = books.is_done(found)
    if by and not was_done and not found.problems:
        books.run(found, by=by)
    return Migration(found, not by, was_done)
