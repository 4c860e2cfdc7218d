"""How each Lambda function logs: JSON lines with its service, its call, and what the line is about."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from lake.log_keys import add_log_keys
from lake.variables import Variables

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
