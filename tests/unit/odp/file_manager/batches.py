"""A batch of messages as the File Manager's function takes it, on registers in memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from odp.file_manager.registration import DEFAULT_STAGING, Outcome, Staging, register_message
from odp.ports import FileRegister, Quarantine

from lake.functions import Message, failed_messages


@dataclass(frozen=True)
class Registration:
    """What became of a batch."""

    registered: int = 0
    already_known: int = 0
    rejected: int = 0
    ignored: int = 0
    failed_message_ids: tuple[str, ...] = ()


def register_batch(
    messages: Iterable[dict[str, Any]],
    tracker: FileRegister,
    quarantine: Quarantine,
    staging: Staging = DEFAULT_STAGING,
) -> Registration:
    outcomes = Counter[Outcome]()

    def register(message: Message) -> None:
        outcomes[register_message(message, tracker, quarantine, staging)] += 1

    failed = failed_messages({"Records": list(messages)}, register)
    counts = {outcome.value: number for outcome, number in outcomes.items()}
    return Registration(**counts, failed_message_ids=tuple(failed))
