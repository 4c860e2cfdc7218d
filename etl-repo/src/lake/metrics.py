"""The names under which functions count what needs a person, and under which alarms watch it."""

from __future__ import annotations

from enum import StrEnum

NAMESPACE = "ODP"
LAKE = "Lake"
"""The one dimension: an account may hold several lakes."""


class Metric(StrEnum):
    """What is counted; each has an alarm."""

    REJECTED_FILES = "RejectedFiles"
    MISSED_FILES = "MissedFiles"
    SLOW_SWEEPS = "SlowSweeps"
    UNTOLD_CHANGES = "UntoldChanges"
    """Judgements after which people could not be told all."""
    REFUSED_CONFIGURATIONS = "RefusedConfigurations"
    MALFORMED_REQUESTS = "MalformedRequests"
    """Messages to the Configuration Manager that announce no request."""
    REJECTED_TAXI_FILES = "RejectedTaxiFiles"
    MISSED_TAXI_FILES = "MissedTaxiFiles"
    WAITING_TAXI_FILES = "WaitingTaxiFiles"
