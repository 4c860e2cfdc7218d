"""Registers a batch of SQS messages; each message stands for itself, so a bad one never holds up its neighbours."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lake.landing.object_created import EventError, event_in
from odp.file_manager.rejection import malformed, rejection_of
from odp.file_manager.s3_event import DEFAULT_STAGING, Staging, landed_object
from odp.ports import FileRegister, Quarantine
from odp.records import LandedFile, Quarantined, RejectedFile

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Registration:
    """What became of a batch: new files, known ones, what was rejected or is no file, messages to try again."""

    registered: int = 0
    already_known: int = 0
    rejected: int = 0
    ignored: int = 0
    """Folder markers: empty objects whose key ends with a slash."""
    failed_message_ids: tuple[str, ...] = ()


def register_batch(
    messages: Iterable[Mapping[str, Any]],
    tracker: FileRegister,
    quarantine: Quarantine,
    staging: Staging = DEFAULT_STAGING,
) -> Registration:
    """Register the object of each message; only messages that failed are reported for another delivery."""
    counts = {"registered": 0, "already_known": 0, "rejected": 0, "ignored": 0}
    failed: list[str] = []
    for message in messages:
        try:
            counts[_register(_read(message, staging), tracker, quarantine)] += 1
        except Exception:  # any failure concerns this message alone; after its last delivery SQS moves it to the DLQ
            logger.exception("message %s failed and will be delivered again", message["messageId"])
            failed.append(message["messageId"])
    return Registration(**counts, failed_message_ids=tuple(failed))


def _register(landed: LandedFile | Quarantined | None, tracker: FileRegister, quarantine: Quarantine) -> str:
    if landed is None:
        return "ignored"
    if isinstance(landed, Quarantined):
        logger.warning("into quarantine: %s", landed.reason)
        return "rejected" if quarantine.keep(landed) else "already_known"
    return "registered" if tracker.register(landed) else "already_known"


def _read(message: Mapping[str, Any], staging: Staging) -> LandedFile | Quarantined | None:
    """Read what a message tells; trying again cannot help one that tells of no object of this lake."""
    try:
        landed = landed_object(event_in(message), staging)
    except EventError as error:
        return malformed(str(message["body"]), error)
    return rejection_of(landed) if isinstance(landed, RejectedFile) else landed
