"""A deployed replication, serverless or a task on an instance, and its process while it runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.emulator.child_process import ChildProcess

Properties = Mapping[str, Any]
SERVERLESS, TASK = "replication-config", "task"
"""The kinds of replications, as their ARNs name them."""


@dataclass
class Endpoint:
    """One deployed endpoint."""

    arn: str
    properties: Properties


@dataclass
class DeployedReplication:
    """One deployed replication; the properties of a task are kept as those of a serverless one."""

    arn: str
    properties: Properties
    folder: Path
    has_started: bool = False
    is_stopping: bool = False
    child: ChildProcess | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """Serverless or task."""
        return self.arn.split(":")[5]

    @property
    def told(self) -> dict[str, Any]:
        """What its process last said."""
        file = self.folder / "status.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    @property
    def status(self) -> str:
        """DMS's word; a task that was never started is ready, a serverless replication created."""
        if self.child and self.child.exit_code is None:
            return "stopping" if self.is_stopping else "running"
        if not self.has_started:
            return "ready" if self.kind == TASK else "created"
        return "stopped" if self.is_stopping or not self.child or self.child.exit_code == 0 else "failed"

    def tell(self, **command: Any) -> None:  # noqa: ANN401 - a command is JSON
        """Send a command to the process."""
        if self.child:
            self.child.tell(json.dumps(command) + "\n")
