"""Registers the object of an SQS message."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from lake.landing.object_created import EventError, event_in
from lake.landing.rejection import RejectedFile, malformed
from lake.log_keys import log_keys
from odp.file_manager.rejection import malformed_entry, rejection_of
from odp.file_manager.s3_event import DEFAULT_STAGING, Staging, landed_object
from odp.ports import FileRegister, Quarantine
from odp.records import LandedFile, Quarantined

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a message."""

    REGISTERED = "registered"
    ALREADY_KNOWN = "already_known"
    REJECTED = "rejected"
    IGNORED = "ignored"
    """A folder marker: an empty object whose key ends with a slash."""


def register_message(
    message: Mapping[str, Any],
    tracker: FileRegister,
    quarantine: Quarantine,
    staging: Staging = DEFAULT_STAGING,
) -> Outcome:
    """Register the object of a message, or keep in quarantine what can be none; any error may pass by itself."""
    landed = _read(message, staging)
    if landed is None:
        return Outcome.IGNORED
    if isinstance(landed, Quarantined):
        logger.warning("into quarantine: %s", landed.reason)
        return Outcome.REJECTED if quarantine.keep(landed) else Outcome.ALREADY_KNOWN
    with log_keys(table=landed.source_table_name):
        is_new = tracker.register(landed)
        logger.info("%s %s", "registered" if is_new else "already registered", landed.key)
    return Outcome.REGISTERED if is_new else Outcome.ALREADY_KNOWN


def _read(message: Mapping[str, Any], staging: Staging) -> LandedFile | Quarantined | None:
    """Read what a message tells; trying again cannot help one that tells of no object of this lake."""
    try:
        landed = landed_object(event_in(message), staging)
    except EventError as error:
        return malformed_entry(malformed(str(message["body"]), error))
    return rejection_of(landed) if isinstance(landed, RejectedFile) else landed
