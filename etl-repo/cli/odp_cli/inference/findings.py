"""The finding for one role of a table's columns: a proposal, its reason, and the candidates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """Columns that could have the role, with what speaks for and against them."""

    columns: tuple[str, ...]
    evidence: str
    warnings: tuple[str, ...] = ()
    """A warning for the person who chooses it."""
    objections: tuple[str, ...] = ()
    """Why it is not proposed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The columns proposed for a role, none where nothing proves any, and the candidates, the best first."""

    columns: tuple[str, ...]
    reason: str
    candidates: tuple[Candidate, ...] = ()


def best(candidates: tuple[Candidate, ...]) -> Candidate | None:
    """Return the first candidate to which nothing objects."""
    return next((candidate for candidate in candidates if not candidate.objections), None)
