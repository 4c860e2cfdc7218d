"""What listings of a bucket hand over, and how far a sweep over it has come; plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

EVENTS_TAKE = timedelta(minutes=15)
"""An object without an event is missed only when it is older: a younger one's event may be under way."""


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of one object in a listing of its bucket."""

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
    key and version of every object there that a reader got at that time. It shows more if it has a file that was
    neither among the pending files nor is in the history.
    """

    landed: int = 0
    missed: int = 0
    current: frozenset[tuple[str, str]] = frozenset()
    shows_more: bool = False


@dataclass(frozen=True, slots=True)
class SweepState:
    """How far the sweep over a bucket has come; the next run continues there. Times are ISO 8601, UTC."""

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

    @property
    def is_round_under_way(self) -> bool:
        """Whether a round over the bucket has begun and not ended."""
        return bool(self.round_began) and not self.round_ended

    def with_round_begun(self, at: str) -> SweepState:
        """Return the state in which a round begins at the first key."""
        return replace(self, round_began=at, round_ended="", key_marker="", version_marker="")


class SweepStates(Protocol):
    """Where a sweep keeps how far it has come."""

    def load(self) -> SweepState:
        """Return what the last run kept."""

    def save(self, state: SweepState) -> None:
        """Keep how far this run has come."""


def is_due(began: str, every: timedelta, now: datetime) -> bool:
    """Whether what begins every so often is to begin again."""
    return not began or now - datetime.fromisoformat(began) >= every
