"""Executions and their actions, with the field names of the CodePipeline API."""

import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any


def new_id() -> str:
    """An id of an execution, an action or a request for approval."""
    return str(uuid.uuid4())


@dataclass
class ActionRecord:
    """One action of one execution."""

    stage: str
    action: str
    category: str
    provider: str
    role_arn: str
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    started: float = field(default_factory=time.time)
    ended: float | None = None
    summary: str = ""
    error: str = ""
    token: str | None = None
    """Of an approval that is asked for."""
    build_id: str = ""
    log: str = ""

    def end(self, status: str, error: str = "") -> None:
        """Remember how the action ended."""
        self.status, self.error, self.ended, self.token = status, error, time.time(), None


@dataclass
class ExecutionRecord:
    """One execution of one pipeline."""

    number: int
    version: int
    trigger: str
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    reason: str = ""
    started: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    revision: str = ""
    """The commit; before the source action has run, the one that was pushed, if a push started the execution."""
    revision_summary: str = ""
    source_action: str = ""
    actions: list[ActionRecord] = field(default_factory=list)

    def of(self, stage: str, action: str) -> ActionRecord | None:
        """The record of an action, if it has begun."""
        return next((each for each in self.actions if (each.stage, each.action) == (stage, action)), None)

    def end(self, status: str, reason: str = "") -> None:
        """Remember how the execution ended."""
        self.status, self.reason, self.updated = status, reason or self.reason, time.time()

    def to_json(self) -> dict[str, Any]:
        """The saved form."""
        return asdict(self)

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "ExecutionRecord":
        """As it was saved."""
        return cls(**{**saved, "actions": [ActionRecord(**each) for each in saved["actions"]]})
