"""Finds the reason of a failed stack in CloudFormation's events."""

from collections.abc import Sequence
from typing import Any

Event = dict[str, Any]


def stack_events(cloudformation: Any, stack: str) -> list[Event]:  # noqa: ANN401 - boto3 makes clients at run time
    """The stack's events, the newest first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    return [event for page in pages for event in page["StackEvents"]]


def first_failure(events: Sequence[Event], *, known_before: int = 0) -> Event | None:
    """The first resource that failed: the ones after it failed because of it."""
    new = events[: len(events) - known_before]
    failed = (
        event
        for event in reversed(new)
        if event["ResourceStatus"].endswith("_FAILED") and event["ResourceType"] != "AWS::CloudFormation::Stack"
    )
    return next(failed, None)
