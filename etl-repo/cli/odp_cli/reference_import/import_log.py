"""Keeps what an import decides by rule, what a person must check, and why it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about a field, and the places of the entries that it concerns."""

    field: str
    text: str
    needs_check: bool
    places: tuple[str, ...]

    def as_json(self) -> Mapping[str, object]:
        """The same for programs."""
        return {"field": self.field, "text": self.text, "check": self.needs_check, "entries": list(self.places)}


@dataclass
class ImportLog:
    """Equal decisions about many entries are one decision."""

    problems: list[str] = field(default_factory=list)
    _places: dict[tuple[str, str, bool], list[str]] = field(default_factory=dict)

    def decide(self, place: str, name: str, text: str) -> None:
        """Note what a rule made of a field."""
        self._places.setdefault((name, text, False), []).append(place)

    def leave_to_check(self, place: str, name: str, text: str) -> None:
        """Note what only a person can know."""
        self._places.setdefault((name, text, True), []).append(place)

    def refuse(self, place: str, problem: str) -> None:
        """Note why nothing may be written."""
        self.problems.append(f"{place}: {problem}")

    @property
    def decisions(self) -> list[Decision]:
        """Every decision; those that a person must check are the last."""
        noted = [Decision(*what, tuple(places)) for what, places in self._places.items()]
        return sorted(noted, key=lambda each: each.needs_check)
