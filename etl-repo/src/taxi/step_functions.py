"""Starts executions of the flow's state machine."""

from __future__ import annotations

import json
import logging

import boto3

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
