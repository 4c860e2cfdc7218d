"""Registers a batch of SQS messages; each message stands for itself, so a bad one never holds up its neighbours."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from odp.file_manager.s3_event import landed_object
from odp.ports import FileRegister
from odp.records import RejectedFile

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Registration:
    """What became of a batch: files new to the tracker, files it knew, objects rejected, messages to try again."""

    registered: int = 0
    already_known: int = 0
    rejected: int = 0
    failed_message_ids: tuple[str, ...] = ()


def register_batch(messages: Iterable[Mapping[str, Any]], tracker: FileRegister) -> Registration:
    """Register the object of each message; only messages that failed are reported for another delivery."""
    counts = {"registered": 0, "already_known": 0, "rejected": 0}
    failed: list[str] = []
    for message in messages:
        try:
            counts[_register(json.loads(message["body"]), tracker)] += 1
        except Exception:  # any failure concerns this message alone; after its last delivery SQS moves it to the DLQ
            logger.exception("message %s failed and will be delivered again", message["messageId"])
            failed.append(message["messageId"])
    return Registration(**counts, failed_message_ids=tuple(failed))


def _register(event: Mapping[str, Any], tracker: FileRegister) -> str:
    landed = landed_object(event)
    if isinstance(landed, RejectedFile):
        logger.warning("rejected %s", landed.reason)
        tracker.record_rejected(landed)
        return "rejected"
    return "registered" if tracker.register(landed) else "already_known"
