"""What listings of a bucket hand over, and how far a sweep over it has come; plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of one object, as a listing of its bucket tells of it."""

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    last_modified: str
    is_latest: bool = True
    """Whether a reader of the key gets this version: False once it was overwritten or its object was deleted."""


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One page of a listing; without `next_key` it is the last one."""

    versions: tuple[ObjectVersion, ...]
    next_key: str = ""
    next_version: str = ""


@dataclass(frozen=True, slots=True)
class TableListing:
    """What a look at the staging bucket beside a table's pending files showed.

    `landed` files had not been registered, of which events of `missed` ones are late beyond doubt; `current` names the
    key and version of every object there that a reader got at that time.
    """

    landed: int = 0
    missed: int = 0
    current: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class SweepState:
    """How far the sweep over the staging bucket has come; the next run goes on there. Times are ISO 8601, UTC."""

    round_began: str = ""
    round_ended: str = ""
    key_marker: str = ""
    version_marker: str = ""
    recent_began: str = ""
    recent_after: str = ""
    """The folder of the last table of which the recent files were looked at; empty when all were."""
    recent_key: str = ""
    """The last key that was looked at in the folder after that one; empty if the look begins at its first key."""
    loads_began: str = ""
    loads_after: str = ""
    """The last table of which the load was looked for; empty when all were."""
    expired_until: str = ""
    """Objects that landed before this time may have expired; it never goes back when the retention is made longer."""
