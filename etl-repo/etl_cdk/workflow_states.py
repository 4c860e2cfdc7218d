"""What the state machines of the lake have in common: how they choose, whom they ask again, and how they fail."""

from __future__ import annotations

from typing import Any

import taxi.errors  # noqa: F401 - its transient errors are named too, whatever else the app imports

from lake.errors import RetryableError

State = dict[str, Any]

MARGIN_SECONDS = 600
"""How much longer than the job's own timeout a state waits, for Glue to start the run and to report it."""


def transient_errors(base: type[Exception] = RetryableError) -> tuple[str, ...]:
    """Name the base and every class below it: Step Functions compares names and knows no base classes."""
    below = (name for subclass in base.__subclasses__() for name in transient_errors(subclass))
    return tuple(sorted({base.__name__, *below}))


LAMBDA_TROUBLE = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    # a function that ran out of time or memory, under both names that AWS gives it
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "States.Timeout",
    *transient_errors(),
)
"""What passes; every call of a function that is retried by these must be one that may be repeated."""
GLUE_IS_BUSY = (
    "Glue.ConcurrentRunsExceededException",
    "Glue.ResourceNumberLimitExceededException",
    # throttling: StartJobRun's model has no such error, so Step Functions reports it under the general name
    "Glue.AWSGlueException",
    "Glue.ThrottlingException",
    "Glue.OperationTimeoutException",
    "Glue.InternalServiceException",
)
"""Refusals to start a run; a run that started and failed is not among them."""

OF_GLUE = '$match($states.errorOutput.Cause, /"ErrorMessage": ?"([^"]{0,200})/)[0].groups[0]'
OF_OTHERS = "$substring($states.errorOutput.Cause, 0, 200)"
ERROR_MESSAGE = f"[{OF_GLUE}, {OF_OTHERS}, ''][0]"
"""What went wrong, in JSONata: Glue's cause is a whole job run, of which only the message is worth carrying."""


def choice(condition: str, *, then: str, otherwise: str) -> State:
    """Go one of two ways."""
    return {"Type": "Choice", "Choices": [{"Condition": f"{{% {condition} %}}", "Next": then}], "Default": otherwise}


def retry(errors: tuple[str, ...], *, first_after: int, at_most: int, attempts: int) -> State:
    """Back off with full jitter, or those that were refused together would come back together."""
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": first_after,
        "BackoffRate": 2,
        "MaxDelaySeconds": at_most,
        "MaxAttempts": attempts,
        "JitterStrategy": "FULL",
    }


def retry_lambda_trouble() -> State:
    """Ask a function again that Lambda could not run, or that says that the same call may succeed later."""
    return retry(LAMBDA_TROUBLE, first_after=2, at_most=30, attempts=5)


def retry_busy_glue() -> State:
    """Wait longer than the runs that are in the way; each attempt adds to a history of at most 25,000 events."""
    return retry(GLUE_IS_BUSY, first_after=15, at_most=900, attempts=10)


def longest_wait(retrier: State) -> int:
    """How many seconds all waits of a retrier can take together."""
    first, growth, most = retrier["IntervalSeconds"], retrier["BackoffRate"], retrier["MaxDelaySeconds"]
    return sum(min(first * growth**attempt, most) for attempt in range(retrier["MaxAttempts"]))
