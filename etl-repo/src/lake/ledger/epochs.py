"""The records of an environment with two Regions: its settings, roles and epochs; frozen data that needs no service."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum


class Role(StrEnum):
    """The part of a Region: the active one refreshes as configured, the standby waits or follows."""

    ACTIVE = "active"
    STANDBY = "standby"


class StandbyMode(StrEnum):
    """What a standby does: a cold one only registers files, a warm one refreshes its tables as well."""

    COLD = "cold"
    WARM = "warm"


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """The two Regions of an environment, the table of the epochs, and how a warm standby refreshes."""

    table: str
    primary: str
    secondary: str
    mode: StandbyMode
    lag_minutes: int
    refresh_minutes: int

    @property
    def lag(self) -> timedelta:
        """How long replication may take."""
        return timedelta(minutes=self.lag_minutes)

    @classmethod
    def from_json(cls, text: str) -> RegionSettings | None:
        """Read the settings of a deployed entry point; None without a secondary. Unknown fields are ignored."""
        if not text:
            return None
        given = json.loads(text)
        known = {field.name: given[field.name] for field in fields(cls)}
        return cls(**{**known, "mode": StandbyMode(known["mode"])})


@dataclass(frozen=True, slots=True)
class Epoch:
    """The term of one active Region; the time at which it began, who began it and why.

    `planned` tells a switch on purpose from the loss of a Region. `last_seen` is the last time at which the former
    active Region was known to work. Times are texts in UTC (ISO 8601).
    """

    number: int
    active: str
    at: str = ""
    by: str = ""
    reason: str = ""
    planned: bool = True
    last_seen: str = ""

    def role_of(self, region: str) -> Role:
        """Return the role of a Region in this epoch."""
        return Role.ACTIVE if region == self.active else Role.STANDBY
