"""A batch of messages as the function of Landing takes it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from taxi.landing.registration import Landing

from lake.functions import failed_messages


@dataclass(frozen=True)
class Registration:
    """What became of a batch."""

    registered: int
    already_known: int
    rejected: int
    failed_message_ids: tuple[str, ...]


def take_in(landing: Landing, messages: Iterable[dict[str, Any]]) -> Registration:
    batch = landing.batch()
    failed = failed_messages({"Records": list(messages)}, batch.take_in)
    failed += batch.start_executions()
    return Registration(batch.new, batch.already_known, batch.rejected, tuple(failed))
