"""Says what an unknown name was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str], also: Iterable[str] = ()) -> str:
    """Name the name that is closest, or all known ones if none is close; `also` has names that are not listed."""
    names = list(known)
    close = difflib.get_close_matches(name, [*names, *also], n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(names)}"
