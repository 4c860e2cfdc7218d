"""Chooses the files of the next bundle: the oldest that are due, and none beside one that may have killed a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from taxi.records import LandedFile

_CLOCKS_DIFFER_BY = 5
"""A pause ends on Step Functions' clock, and the wait that it is for began on that of a function."""


def next_files(pending: Sequence[LandedFile], now: float, most: int) -> tuple[LandedFile, ...]:
    """Give the files to load next, at most `most`; none if all that are pending wait for a later time.

    While files wait after a run of several died, no other suspects are tried: whether runs work at all is then found
    out by one bundle at a time, and by files that are under no suspicion.
    """
    in_order = sorted(pending, key=lambda file: (file.deaths, file.landed_at, file.file_id))
    due = [file for file in in_order if file.not_before <= now + _CLOCKS_DIFFER_BY]
    waiting = [file for file in in_order if file.not_before > now + _CLOCKS_DIFFER_BY]
    if any(file.most_files > 1 for file in waiting):
        due = [file for file in due if not file.most_files]
    return _beside(due[0], due, waiting)[:most] if due else ()


def _beside(first: LandedFile, due: Iterable[LandedFile], waiting: Iterable[LandedFile]) -> tuple[LandedFile, ...]:
    """Give the files that may be in a bundle with the first one of it."""
    if first.loaded:  # one build is for all that wait for one
        return tuple(file for file in (*due, *waiting) if file.loaded)
    alike = tuple(file for file in due if not file.loaded and file.most_files == first.most_files)
    return alike[: first.most_files or None]
