"""What must be computed anew in a purpose-built table, so that it shows the trips as they are by the rule as it is."""

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
    """Decide by what a table says of itself, so that a run that failed, or never came, is made good by the next."""
    if shown is None or shown.rules_version != wanted.rules_version:
        return Rebuild(days=None)
    if shown.snapshot == wanted.snapshot:
        return Rebuild(days=frozenset())
    return Rebuild(days=history.days_changed_since(shown.snapshot))
