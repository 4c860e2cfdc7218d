"""Finds when the objects of a load were deleted from the staging bucket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from odp.ports import Deletions
from odp.records import LandedFile


def last_deletion(staged: Deletions, parts: Sequence[LandedFile], by_then: str) -> str:
    """Give the time at which the last object of a load was deleted; empty if any object exists.

    S3 forgets deletions after a while. Then an object counts as deleted at the given time.
    """
    deleted: dict[str, str] = {}
    for bucket, prefix, keys in _places(parts):
        for key, deleted_at in staged.deletions(bucket, prefix):
            if key in keys and not deleted_at:
                return ""
            if key in keys:
                deleted[key] = deleted_at
    return max(deleted.get(part.key, by_then) for part in parts)


def _places(parts: Iterable[LandedFile]) -> Iterator[tuple[str, str, set[str]]]:
    """Group the keys of parts by folder, each group with a prefix that matches few other keys."""
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for part in parts:
        keys[part.bucket, part.key.removesuffix(part.name)].add(part.key)
    for (bucket, _), found in keys.items():
        yield bucket, _common_prefix(min(found), max(found)), found


def _common_prefix(first: str, last: str) -> str:
    """Give the common prefix of all keys between two."""
    return next((first[:end] for end in range(len(first), 0, -1) if last.startswith(first[:end])), "")
