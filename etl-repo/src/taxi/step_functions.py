"""Starts executions of the flow's state machine, and looks up their state."""

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
        """Start an execution for a dataset; the same name starts nothing twice."""
        try:
            self._step_functions.start_execution(
                stateMachineArn=self._state_machine_arn, name=name, input=json.dumps({"dataset": dataset})
            )
        except self._step_functions.exceptions.ExecutionAlreadyExists:
            logger.info("%s was started before", name)


class StepFunctionsStates:
    """Looks up executions."""

    def __init__(self) -> None:
        self._step_functions = boto3.client("stepfunctions")

    def has_ended(self, execution_arn: str) -> bool:
        """Whether an execution and its Glue run have ended; False if unknown.

        Step Functions may not know a new execution yet, and forgets an old one after 90 days: neither counts as ended.
        For a stopped execution it also stops the Glue run, which takes a while.
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
