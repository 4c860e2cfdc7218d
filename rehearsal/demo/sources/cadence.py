"""Starts a cadence's executions every ten seconds: the schedules of AWS start them once a minute at most."""

import threading
from uuid import uuid4

from rehearsal.demo.deployed_lake import DeployedLake

EVERY_SECONDS = 10.0


class Cadence:
    """The schedule of a cadence, with the target and the input that it has."""

    def __init__(self, lake: DeployedLake, name: str) -> None:
        self._target = lake.schedule(name)["Target"]
        self._machine = lake.client("stepfunctions")

    def run(self, stopped: threading.Event) -> None:
        """Start one execution after another until somebody wants the end; an execution that finds another ends."""
        while not stopped.wait(EVERY_SECONDS):
            self._machine.start_execution(
                stateMachineArn=self._target["Arn"], input=self._target["Input"], name=f"seconds-{uuid4().hex[:12]}"
            )
