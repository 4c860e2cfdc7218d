"""Finds the days of a purpose-built table that are out of date."""

from __future__ import annotations

from dataclasses import dataclass

from taxi.tables import Days, Provenance, TripHistory


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What to replace: some days, or everything when `days` is None."""

    days: Days | None

    @property
    def is_needless(self) -> bool:
        """Whether the table is up to date."""
        return self.days is not None and not self.days


def rebuild(shown: Provenance | None, wanted: Provenance, history: TripHistory) -> Rebuild:
    """Decide by the table's own provenance, so the next run makes up for one that failed or never came."""
    if shown is None or shown.rules_version != wanted.rules_version:
        return Rebuild(days=None)
    if shown.snapshot == wanted.snapshot:
        return Rebuild(days=frozenset())
    return Rebuild(days=history.days_changed_since(shown.snapshot))
