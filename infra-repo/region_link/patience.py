"""Waits for IAM, which knows a new right only seconds after CloudFormation has made it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

Result = TypeVar("Result")

SECONDS = (1, 2, 4, 8, 15, 30, 30)
"""The pauses between tries: a minute and a half, much less than CloudFormation waits."""
NOT_YET = ("AccessDenied", "AccessDeniedException")


def once_allowed(call: Callable[[], Result]) -> Result:
    """Call, and again for as long as the right to may be on its way; any other failure is raised at once."""
    for pause in SECONDS:
        try:
            return call()
        except ClientError as failure:
            if code_of(failure) not in NOT_YET:
                raise
        time.sleep(pause)
    return call()


def code_of(failure: ClientError) -> str:
    """What AWS calls the failure."""
    return str(failure.response["Error"]["Code"])
