"""Starts executions of the flow's state machine, and asks what became of them."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import boto3
from botocore.exceptions import BotoCoreError, ClientError

GLUE_STOPS_WITHIN = timedelta(minutes=5)
_NEVER = datetime.max.replace(tzinfo=UTC)

logger = logging.getLogger(__name__)


class StepFunctionsExecutions:
    """The executions of one state machine."""

    def __init__(self, state_machine_arn: str) -> None:
        self._state_machine_arn = state_machine_arn
        self._step_functions = boto3.client("stepfunctions")

    def start(self, dataset: str, name: str) -> None:
        """Start an execution for a dataset; one that was started under this name before is not started again."""
        try:
            self._step_functions.start_execution(
                stateMachineArn=self._state_machine_arn, name=name, input=json.dumps({"dataset": dataset})
            )
        except self._step_functions.exceptions.ExecutionAlreadyExists:
            logger.info("%s was started before", name)


class StepFunctionsStates:
    """What the executions are doing."""

    def __init__(self) -> None:
        self._step_functions = boto3.client("stepfunctions")

    def has_ended(self, execution_arn: str) -> bool:
        """Tell whether an execution has ended, and the Glue run that it waited for too; False if nobody can tell.

        Step Functions may not know a new execution yet, and forgets an old one after 90 days: neither has ended. It
        stops the run of an execution that is stopped, for which Glue needs a while.
        """
        if not execution_arn:
            return False
        try:
            execution = self._step_functions.describe_execution(executionArn=execution_arn)
        except (BotoCoreError, ClientError) as error:
            logger.warning("nobody can tell whether %s has ended: %s", execution_arn, error)
            return False
        if execution["status"] == "SUCCEEDED":
            return True
        is_over = execution["status"] not in ("RUNNING", "PENDING_REDRIVE")
        return is_over and execution.get("stopDate", _NEVER) < datetime.now(UTC) - GLUE_STOPS_WITHIN
