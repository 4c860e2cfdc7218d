"""The executions of the File Processor's state machine, by the Step Functions API."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient

_UNDER_WAY = {"RUNNING", "PENDING_REDRIVE"}


class StepFunctionsExecutions:
    """Looks up executions; most plans never need it."""

    @cached_property
    def _step_functions(self) -> SFNClient:
        return boto3.client("stepfunctions")

    def is_running(self, execution_arn: str) -> bool | None:
        """Whether an execution is running; None if Step Functions does not know it."""
        try:
            described = self._step_functions.describe_execution(executionArn=execution_arn)
        except (self._step_functions.exceptions.ExecutionDoesNotExist, self._step_functions.exceptions.InvalidArn):
            return None
        return described["status"] in _UNDER_WAY
