"""Compares manifests with a running lake, with the code that would deploy them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from odp.config_manager.running_check import RunningCheck, changed_tables, deployed_with
from odp.configuration import Change, Configuration, compare
from odp.errors import ManifestError, TableIsBeingWrittenError

from odp_cli.lake import RunningLake


@dataclass(frozen=True)
class Diff:
    """The changes, the reasons why they would be refused, and a refresh that they would have to wait for."""

    changes: tuple[Change, ...]
    refusals: tuple[str, ...] = ()
    waits_for: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "changes": [
                {
                    "name": change.name,
                    "change": change.kind.value,
                    "fields": {name: {"before": old, "after": new} for name, (old, new) in change.differences.items()},
                }
                for change in self.changes
            ],
            "refused": list(self.refusals),
            "waits_for": self.waits_for,
        }


def diff(documents: Mapping[str, str], lake: RunningLake) -> Diff:
    """Compare manifests with the running configuration, as if their schedules and jobs were deployed."""
    desired, running = lake.desired(documents), lake.configuration()
    changes = compare(running, Configuration.of(desired.batches, desired.tables))
    written = lake.written_tables().written(changed_tables(running, desired))
    try:
        RunningCheck(running, written, deployed_with(desired.batches, lake.sources)).check(desired)
    except ManifestError as refused:
        return Diff(changes, tuple(refused.problems))
    except TableIsBeingWrittenError as filling:
        return Diff(changes, waits_for=str(filling))
    return Diff(changes)
