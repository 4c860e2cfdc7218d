"""Parts of the lake's state machines: choices, retries and failures."""

from __future__ import annotations

from typing import Any

import odp.errors  # noqa: F401 - transient errors are found once the module that defines them is imported
import taxi.errors  # noqa: F401

from lake.errors import RetryableError

State = dict[str, Any]

MARGIN_SECONDS = 600
"""The additional wait of a state after the job's timeout, for Glue's start and report."""


def transient_errors(base: type[Exception] = RetryableError) -> tuple[str, ...]:
    """Name a base class and all its subclasses, because Step Functions compares names only."""
    below = (name for subclass in base.__subclasses__() for name in transient_errors(subclass))
    return tuple(sorted({base.__name__, *below}))


LAMBDA_TROUBLE = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    # a function that ran out of time or memory, under both names that AWS uses
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "States.Timeout",
    *transient_errors(),
)
"""Transient errors; only calls that may be repeated can be retried by these."""
LAMBDA_DID_NOT_RUN = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
"""Refusals to run a function; a function that ran out of time or memory is not included."""
GLUE_IS_BUSY = (
    "Glue.ConcurrentRunsExceededException",
    "Glue.ResourceNumberLimitExceededException",
    # throttling: StartJobRun's model has no such error, so Step Functions reports it under the general name
    "Glue.AWSGlueException",
    "Glue.ThrottlingException",
    "Glue.OperationTimeoutException",
    "Glue.InternalServiceException",
)
"""Refusals to start a run; failures of started runs are not included."""

OF_RUN = '$match($states.errorOutput.Cause, /"[Ee]rrorMessage": ?"([^"]{0,200})/)[0].groups[0]'
OF_OTHERS = "$substring($states.errorOutput.Cause, 0, 200)"
ERROR_MESSAGE = f"[{OF_RUN}, {OF_OTHERS}, ''][0]"
"""The message of an error, in JSONata; the cause is a whole Glue run or a function's error."""


def choice(condition: str, *, then: str, otherwise: str) -> State:
    """Go one of two ways."""
    return {"Type": "Choice", "Choices": [{"Condition": f"{{% {condition} %}}", "Next": then}], "Default": otherwise}


def retry(errors: tuple[str, ...], *, first_after: int, at_most: int, attempts: int) -> State:
    """Back off with full jitter; otherwise calls that were refused together would return together."""
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": first_after,
        "BackoffRate": 2,
        "MaxDelaySeconds": at_most,
        "MaxAttempts": attempts,
        "JitterStrategy": "FULL",
    }


def retry_lambda_trouble() -> State:
    """Retry a function that Lambda could not run, or that reports a transient error."""
    return retry(LAMBDA_TROUBLE, first_after=2, at_most=30, attempts=5)


def retry_busy_lambda() -> State:
    """Retry a function that Lambda did not run; whatever a function that ran may have done is left alone."""
    return retry(LAMBDA_DID_NOT_RUN, first_after=2, at_most=60, attempts=8)


def retry_busy_glue() -> State:
    """Wait longer than the blocking runs take; each attempt adds to a history of at most 25,000 events."""
    return retry(GLUE_IS_BUSY, first_after=15, at_most=900, attempts=10)


def longest_wait(retrier: State) -> int:
    """The sum of a retrier's longest waits, in seconds."""
    first, growth, most = retrier["IntervalSeconds"], retrier["BackoffRate"], retrier["MaxDelaySeconds"]
    return sum(min(first * growth**attempt, most) for attempt in range(retrier["MaxAttempts"]))
