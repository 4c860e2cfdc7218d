"""Registers a batch of SQS messages and starts the executions that load the files; each message stands for itself.

A file is safe once it is registered and an execution was started after that. A crash between the two is healed by the
message's next delivery, which finds the file still pending and starts an execution again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lake.landing.object_created import EventError, event_in
from taxi.datasets.dataset import Dataset
from taxi.landing.object_created import landed_object, malformed
from taxi.ports import Executions, FileRegister, Known
from taxi.records import LandedFile, RejectedFile

logger = logging.getLogger(__name__)

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Registration:
    """What became of a batch; `rejected` has messages that tell of no object, too.

    It leaves out folders, which are written down but are nothing to look after.
    """

    registered: int
    already_known: int
    rejected: int
    failed_message_ids: tuple[str, ...]


class Landing:
    """Takes in what lands in the raw bucket."""

    def __init__(
        self, register: FileRegister, executions: Executions, datasets: Mapping[str, Dataset], bucket: str = ""
    ) -> None:
        self._register = register
        self._executions = executions
        self._datasets = datasets
        self._bucket = bucket

    def take_in(self, messages: Iterable[Message]) -> Registration:
        """Register the object of each message, then start one execution for each dataset with a pending one among them.

        Only messages that failed, or whose dataset's execution could not be started, are reported for another delivery.
        """
        counts: Counter[str] = Counter()
        waiting: dict[str, list[Message]] = defaultdict(list)
        failed: list[Message] = []
        for message in messages:
            try:
                counts[self._take_in(message, waiting)] += 1
            except (
                Exception
            ):  # any failure concerns this message alone; after its last delivery SQS moves it to the DLQ
                logger.exception("message %s failed and will be delivered again", message["messageId"])
                failed.append(message)
        for dataset, deliveries in waiting.items():
            try:
                self._executions.start(dataset, execution_name(dataset, deliveries))
            except Exception:  # the messages come again, find their files pending, and try to start anew
                logger.exception("no execution of %s was started; its messages will be delivered again", dataset)
                failed += deliveries
        return Registration(
            registered=counts[Known.NEW],
            already_known=counts[Known.PENDING] + counts[Known.ENDED],
            rejected=counts[_REJECTED],
            failed_message_ids=tuple(message["messageId"] for message in failed),
        )

    def _take_in(self, message: Message, waiting: dict[str, list[Message]]) -> str:
        landed = self._read(message)
        if isinstance(landed, RejectedFile):
            logger.warning("rejected %s", landed.reason)
            self._register.record_rejected(landed)
            return _FOLDER if landed.is_folder else _REJECTED
        known = self._register.register(landed)
        if known is not Known.ENDED:
            waiting[landed.dataset].append(message)
        return known

    def _read(self, message: Message) -> LandedFile | RejectedFile:
        """Read what a message tells; trying again cannot help one that tells of no object of the raw bucket."""
        try:
            return landed_object(event_in(message), self._datasets, self._bucket)
        except EventError as error:
            return malformed(str(message["body"]), error)


_FOLDER, _REJECTED = "folder", "rejected"


def execution_name(dataset: str, messages: Iterable[Message]) -> str:
    """Name an execution after the deliveries that it is for.

    A start that is repeated for the same deliveries starts nothing, and a message that is delivered again starts anew.
    """
    deliveries = sorted(
        (message["messageId"], message["attributes"]["ApproximateReceiveCount"]) for message in messages
    )
    return f"{dataset}-{hashlib.sha256(json.dumps(deliveries).encode()).hexdigest()[:32]}"
