"""What every Lambda function stands on: its entry point, its log lines, its metrics, its batches of SQS messages.

A message without an object of this lake can never succeed: its handler records it with the reason.
Whatever else fails is delivered again, alone, and is in the dead-letter queue after its last delivery.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from lake.log_keys import add_log_keys, log_keys
from lake.metrics import LAKE, NAMESPACE, Metric
from lake.variables import Variables

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord


class LambdaContext(Protocol):
    """What Lambda tells a function of its call."""

    @property
    def aws_request_id(self) -> str:
        """Return the id of the call, which Lambda makes up."""

    @property
    def memory_limit_in_mb(self) -> int:
        """Return the memory of the function."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left until the time-out."""


def time_out(context: LambdaContext, now: datetime) -> datetime:
    """Give when Lambda ends the call."""
    return now + timedelta(milliseconds=context.get_remaining_time_in_millis())


# Logging of Lambda functions: JSON lines with service, call and subject.


PACKAGES = ("lake", "odp", "taxi")
"""Whose module loggers write lines of this form."""

Event = TypeVar("Event")
Context = TypeVar("Context")
Answer = TypeVar("Answer")


def entry_point(
    component: str, variables: type[Variables]
) -> Callable[[Callable[[Event, Context], Answer]], Callable[[Event, Context], Answer]]:
    """Mark the function that Lambda calls: its variables are checked once, its failures logged before Lambda has them.

    Raises:
        VariablesError: in the first call, if the environment is not that of the code.
    """

    def decorate(handle: Callable[[Event, Context], Answer]) -> Callable[[Event, Context], Answer]:
        @functools.wraps(handle)
        def call(event: Event, context: Context) -> Answer:
            logger = function_logger(component, variables)

            def logged(event: Any, context: Any) -> Answer:  # noqa: ANN401 - Lambda's, whatever the handler takes
                try:
                    return handle(event, context)
                except Exception:
                    logger.exception("the call failed")
                    raise

            answer: Answer = logger.inject_lambda_context(logged)(event, context)
            return answer

        return call

    return decorate


@functools.cache
def function_logger(component: str, variables: type[Variables]) -> Logger:
    """Return the logger of a function, whose form the module loggers of the runtime have from now on."""
    logger = Logger(service=f"{variables.read().lake}/{component}", use_rfc3339=True, utc=True)
    for handler in logger.handlers:
        handler.addFilter(add_log_keys)
    for package in PACKAGES:
        logging.getLogger(package)
    copy_config_to_registered_loggers(logger, include=set(PACKAGES))
    return logger


# Metrics in CloudWatch's embedded metric format: log lines, which need no API call and no permission.


def count(metric: Metric, value: int = 1) -> None:
    """Count something of this function's lake; it is written at once, so a later failure of the call loses nothing."""
    with single_metric(
        name=metric.value,
        unit=MetricUnit.Count,
        value=value,
        namespace=NAMESPACE,
        default_dimensions={LAKE: Variables.read().lake},
    ):
        pass


logger = logging.getLogger(__name__)

# Batches of SQS messages, each of which stands for itself.


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
