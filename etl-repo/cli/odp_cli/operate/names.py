"""Resolves names that a person types, and suggests similar ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from odp_cli.errors import CommandError

if TYPE_CHECKING:
    from odp.records import RawTableConfig

_SHOWN = 3


def resolve_table(text: str, names: Collection[str], configs: Mapping[str, RawTableConfig]) -> str:
    """Return the source table for its own name, or for the name of its table in the lake.

    Raises:
        CommandError: no table, or more than one, has this name.
    """
    spellings: dict[str, set[str]] = {}
    for name in names:
        config = configs.get(name)
        raw = (config.qualified_name, config.raw_table_name) if config else ()
        for spelling in (name, *raw):
            spellings.setdefault(spelling, set()).add(name)
    found = spellings.get(text) or _ignoring_case(text, spellings)
    if len(found) > 1:
        raise CommandError(f"{text} is the name of several tables", mend=f"name one of {', '.join(sorted(found))}")
    if not found:
        raise CommandError(f"there is no table {text}", mend=near(text, spellings, "odp status lists the tables"))
    return next(iter(found))


def near(text: str, known: Collection[str], otherwise: str) -> str:
    """Suggest similar known names, or the alternative if there are none."""
    by_lower = {name.lower(): name for name in known}
    close = [by_lower[name] for name in get_close_matches(text.lower(), by_lower, n=_SHOWN, cutoff=0.6)]
    return f"did you mean {_either(close)}?" if close else otherwise


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _ignoring_case(text: str, spellings: Mapping[str, set[str]]) -> set[str]:
    return {name for spelling, names in spellings.items() if spelling.lower() == text.lower() for name in names}
