"""Carries the events of landed files to the File Manager: late, twice, in any order, or never."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from rehearsal.torture.evidence import Version

Message = dict[str, Any]
Receive = Callable[[Sequence[Message]], Sequence[str]]
"""Gives a batch of messages to the File Manager, which names those that failed."""

_SOME = 0.7
_TWICE = 0.15
_BATCH = 10


class Delivery:
    """The queue between the staging bucket and the File Manager."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._waiting: list[Message] = []
        self._delivered: list[Message] = []
        self._count = 0
        self.acknowledged: set[Version] = set()
        """The object versions of the messages that the queue has deleted, as the File Manager said that it had them."""

    def announce(self, event: dict[str, Any]) -> None:
        """Queue the event of a landed file."""
        self._count += 1
        self._waiting.append({"messageId": f"m{self._count}", "body": json.dumps(event)})

    def deliver_some(self, draw: Random) -> None:
        """Deliver some messages in any order, some of them twice."""
        chosen = [message for message in self._waiting if draw.random() < _SOME]
        self._waiting = [message for message in self._waiting if message not in chosen]
        again = [message for message in chosen if draw.random() < _TWICE]
        messages = [*chosen, *again]
        draw.shuffle(messages)
        self._deliver(messages)

    def deliver_all(self) -> None:
        """Deliver what still waits."""
        while self._waiting:
            messages, self._waiting = self._waiting, []
            self._deliver(messages)

    def lose_one(self, draw: Random) -> None:
        """Lose one message for ever; its file is in the bucket, and no event names it."""
        if self._waiting:
            self._waiting.pop(draw.randrange(len(self._waiting)))

    def repeat_some(self, draw: Random) -> None:
        """Deliver messages again that were delivered before, however long ago."""
        self._deliver(draw.sample(self._delivered, min(3, len(self._delivered))))

    def _deliver(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), _BATCH):
            batch = messages[start : start + _BATCH]
            failed = set(self._receive(batch))
            self._waiting += [message for message in batch if message["messageId"] in failed]
            done = [message for message in batch if message["messageId"] not in failed]
            self._delivered += done
            self.acknowledged.update(map(_version_in, done))


def _version_in(message: Message) -> Version:
    described = json.loads(message["body"])["detail"]["object"]
    return described["key"], described["version-id"]
