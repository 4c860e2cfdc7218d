"""The one policy for batches of SQS messages, each of which stands for itself.

A message that tells of no object of this lake can never succeed: its handler keeps it with the reason, and is done.
Whatever else fails is delivered again, alone, and is in the dead-letter queue after its last delivery.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from lake.log_keys import log_keys

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

logger = logging.getLogger(__name__)

Message = Mapping[str, Any]


def failed_messages(event: dict[str, Any], handle: Callable[[Message], None]) -> list[str]:
    """Handle each message of a batch; return the ids of those that failed."""

    def handle_one(record: SQSRecord) -> None:
        with log_keys(correlation_id=record.message_id):
            try:
                handle(record.raw_event)
            except Exception:
                logger.exception("message %s failed and will be delivered again", record.message_id)
                raise

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    answer = process_partial_response(event=event, record_handler=handle_one, processor=processor)
    return [str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def delivered_again(message_ids: list[str]) -> dict[str, Any]:
    """Answer SQS: all other messages of the batch are done."""
    return {"batchItemFailures": [{"itemIdentifier": message} for message in dict.fromkeys(message_ids)]}
