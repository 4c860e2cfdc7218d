"""Registers the objects of SQS messages and starts the executions that load them.

A file is safe once it is registered and an execution was started after that. A crash between the two is healed by the
message's next delivery, which finds the file still pending and starts an execution again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.landing.object_created import (
    CreatedObject,
    EventError,
    MalformedMessage,
    RejectedFile,
    created_object,
    event_in,
    malformed,
    object_id,
)
from lake.log_keys import log_keys
from lake.shown_text import quoted, shown
from taxi.datasets.dataset import Dataset, FileFormat, dataset_of, format_of, why_not_addressable
from taxi.ports import EarlierState, Executions, FileRegister
from taxi.records import LandedFile

if TYPE_CHECKING:
    from lake.landing.listings import ObjectVersion


# From an S3 event or a listing to the record of a landed or rejected file.


_BODY_CHARACTERS = 1_000


def landed_object(
    event: Mapping[str, Any], datasets: Mapping[str, Dataset], bucket: str = ""
) -> LandedFile | RejectedFile:
    """Read the landed file from an event; what can be no file of a dataset gives a rejected one.

    Raises:
        EventError: the event is none of a new object, or of another bucket than the one that is given.
    """
    created = created_object(event)
    if bucket and created.bucket != bucket:
        message = f"it is of bucket {shown(created.bucket)}, but files land in {bucket}"
        raise EventError(message)
    return _landed(created, datasets)


def listed_object(version: ObjectVersion, datasets: Mapping[str, Dataset]) -> LandedFile | RejectedFile:
    """Read the landed file from a listing of a versioned bucket, under the id that its event gives it."""
    described = (version.bucket, version.key, version.size, version.etag, version.version_id)
    return _landed(CreatedObject(*described, sequencer=None, time=version.last_modified, reason=""), datasets)


def _landed(created: CreatedObject, datasets: Mapping[str, Dataset]) -> LandedFile | RejectedFile:
    described = (created.bucket, created.key, created.etag, created.size, created.time)
    identity = object_id(created.bucket, created.key, created.version)
    dataset = dataset_of(created.key, datasets.values())
    reason = _reason(created.key, dataset, datasets)
    if dataset is None or reason:
        return RejectedFile(identity, *described, f"{shown(created.key)}: {reason}", created.version_id)
    return LandedFile(dataset.name, identity, *described, created.version_id)


def rejected_message(message: MalformedMessage) -> RejectedFile:
    """Describe a message that names no object as the audit table keeps it."""
    reason = f"{message.reason}; it begins with {quoted(message.body, _BODY_CHARACTERS)}"
    return RejectedFile(message.message_id, "", "", "", 0, "", reason)


def _reason(key: str, dataset: Dataset | None, datasets: Mapping[str, Dataset]) -> str:
    """Say why an object can be no file of a dataset; empty if it can."""
    if key.endswith("/"):
        return "is a folder, not a file"
    if dataset is None:
        prefixes = ", ".join(known.prefix for known in datasets.values())
        return f"lies below the prefix of no dataset; those are {prefixes}"
    if format_of(key) is None:
        endings = " nor ".join(f".{known}" for known in FileFormat)
        return f"ends with neither {endings}, so {dataset.name} cannot read it"
    return why_not_addressable(key)


logger = logging.getLogger(__name__)

# Registers the objects of SQS messages, and starts the executions that load them.


Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Landing:
    """Takes in what lands in the raw bucket."""

    register: FileRegister
    executions: Executions
    datasets: Mapping[str, Dataset]
    bucket: str = ""

    def batch(self) -> LandingBatch:
        """Begin a batch of messages."""
        return LandingBatch(self)

    def read(self, message: Message) -> LandedFile | RejectedFile:
        """Read what a message tells; a retry cannot help a message without an object of the raw bucket."""
        try:
            return landed_object(event_in(message), self.datasets, self.bucket)
        except EventError as error:
            return rejected_message(malformed(str(message["body"]), error))


class LandingBatch:
    """Messages that came together: each is taken in by itself, then their datasets get one execution each."""

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self._waiting: dict[str, list[Message]] = defaultdict(list)
        self.new = self.already_known = 0
        self.rejected = 0
        """With messages that tell of no object, without folders: those are kept but are nothing to look after."""

    def take_in(self, message: Message) -> None:
        """Register the object of a message, or keep as rejected what can be none; any error may pass by itself."""
        landed = self._landing.read(message)
        if isinstance(landed, RejectedFile):
            logger.warning("rejected %s", landed.reason)
            self._landing.register.record_rejected(landed)
            self.rejected += not landed.is_folder
            return
        with log_keys(dataset=landed.dataset):
            known = self._landing.register.register(landed)
            logger.info("%s %s", "registered" if known is EarlierState.NEW else "already registered", landed.key)
        self.new += known is EarlierState.NEW
        self.already_known += known is not EarlierState.NEW
        if known is not EarlierState.ENDED:
            self._waiting[landed.dataset].append(message)

    def start_executions(self) -> list[str]:
        """Start one execution for each dataset with a pending file; return the ids of messages whose start failed.

        They come again, find their files pending, and a start is tried again.
        """
        failed: list[str] = []
        for dataset, messages in self._waiting.items():
            try:
                self._landing.executions.start(dataset, execution_name(dataset, messages))
            except Exception:
                with log_keys(dataset=dataset):
                    logger.exception("no execution of %s was started; its messages will be delivered again", dataset)
                failed += (message["messageId"] for message in messages)
        return failed


def execution_name(dataset: str, messages: Iterable[Message]) -> str:
    """Name an execution after the deliveries that it is for.

    A start that is repeated for the same deliveries starts nothing, and a message that is delivered again starts anew.
    """
    deliveries = sorted(
        (message["messageId"], message["attributes"]["ApproximateReceiveCount"]) for message in messages
    )
    return f"{dataset}-{hashlib.sha256(json.dumps(deliveries).encode()).hexdigest()[:32]}"
