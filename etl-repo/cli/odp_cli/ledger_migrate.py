"""`odp ledger migrate`: migrates a lake's DynamoDB tables to the format of this release."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odp.stored_format import FORMAT

from odp_cli.migration.lake_ledger import LakeLedger
from odp_cli.migration.ledger import Findings, LedgerMigration
from odp_cli.operate.decision_log import Decision, DecisionLog

if TYPE_CHECKING:
    from collections.abc import Iterator

_Noting = Callable[[Findings], AbstractContextManager[None]]


@dataclass(frozen=True)
class Migration:
    """The findings of a migration, and whether it was done."""

    found: Findings
    dry_run: bool
    was_done: bool

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "dry_run": self.dry_run,
            "items": self.found.counts,
            "renamed": self.found.renamed,
            "split": self.found.mixed,
            "refused": self.found.problems,
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        if self.was_done:
            return ["✓ the ledger is in the format of this release already"]
        counted = ", ".join(f"{name} {number:,}" for name, number in self.as_json()["items"].items())
        done = "to be migrated" if self.dry_run or self.found.problems else "migrated"
        renamed = [f"  {old} is {new} now: name it so in its manifest" for old, new in self.found.renamed.items()]
        split = [
            f"  {old} is split into {', '.join(new)}: load each of them again" for old, new in self.found.mixed.items()
        ]
        return [f"{'…' if self.dry_run else '✓'} {done}: {counted}", *renamed, *split]


def migrate(lake: LakeLedger, *, dry_run: bool, split: bool, reason: str = "") -> Migration:
    """Read the tables, and migrate them unless something is in the way; the decision is recorded."""
    if dry_run:
        return migrated(lake.migration(), by="", split=split)
    lake.require_this_release()

    def noting(found: Findings) -> AbstractContextManager[None]:
        return _noted(lake.decisions, found, reason, split=split)

    return migrated(lake.migration(), by=lake.caller, split=split, noting=noting)


@contextmanager
def _noted(log: DecisionLog, found: Findings, reason: str, *, split: bool) -> Iterator[None]:
    """Record the migration before it begins, and its end."""
    counts = [f"{name}: {number:,}" for name, number in found.counts.items()]
    command = f"odp ledger migrate{' --split' if split else ''}"
    noted = log.begin(Decision(command, "", reason, "an older format", f"format {FORMAT}", counts))
    yield
    log.end(noted, changed=len(counts))


def migrated(ledger: LedgerMigration, *, by: str, split: bool, noting: _Noting = lambda _: nullcontext()) -> Migration:
    """Migrate the tables in the name of a person; without a name, only read them."""
    found = ledger.find(split=split)
    was_done = ledger.is_done(found)
    if by and not was_done and not found.problems:
        with noting(found):
            ledger.run(found, by=by)
    return Migration(found, not by, was_done)
