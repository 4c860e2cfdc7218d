"""Executions and their actions, and what is shown of them, with the field names of the CodePipeline API."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.roles import account_of
from rehearsal.pipeline.definition import Definition

# Executions and their actions, with the field names of the CodePipeline API.


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


# The approvals that wait for a person now.


@dataclass
class ApprovalRequest:
    """One question and, once somebody has answered, the answer."""

    token: str = field(default_factory=new_id)
    answered: threading.Event = field(default_factory=threading.Event)
    status: str = ""
    summary: str = ""


class Approvals:
    """Every open question, by its token."""

    _open: ClassVar[dict[str, ApprovalRequest]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    @contextmanager
    def asked(cls) -> Iterator[ApprovalRequest]:
        """Keep a question open."""
        request = ApprovalRequest()
        with cls._lock:
            cls._open[request.token] = request
        try:
            yield request
        finally:
            with cls._lock:
                cls._open.pop(request.token, None)

    @classmethod
    def answer(cls, token: str, *, status: str, summary: str) -> bool:
        """Answer a question once; False if it is not open, or no longer."""
        with cls._lock:
            request = cls._open.pop(token, None)
        if request is None:
            return False
        request.status, request.summary = status, summary
        request.answered.set()
        return True


# CodePipeline's events on the default bus, from which rules make notices.

_STATES = {"InProgress": "STARTED", "Cancelled": "CANCELED"}


def tell_execution(definition: Definition, record: ExecutionRecord, region: str) -> None:
    """Say that an execution began or ended."""
    _put("CodePipeline Pipeline Execution State Change", _detail(definition, record, record.status), definition, region)


def tell_action(definition: Definition, record: ExecutionRecord, action: ActionRecord, region: str) -> None:
    """Say that an action began or ended."""
    detail = _detail(definition, record, action.status) | {
        "stage": action.stage,
        "action": action.action,
        "region": region,
        "type": {"owner": "AWS", "category": action.category, "provider": action.provider, "version": "1"},
    }
    _put("CodePipeline Action Execution State Change", detail, definition, region)


def _detail(definition: Definition, record: ExecutionRecord, status: str) -> dict[str, Any]:
    state = _STATES.get(status, status.upper())
    return {"pipeline": definition.name, "execution-id": record.id, "state": state, "version": record.version}


def _put(detail_type: str, detail: dict[str, Any], definition: Definition, region: str) -> None:
    entry = {"Source": "aws.codepipeline", "DetailType": detail_type, "Detail": json.dumps(detail)}
    with patches.REQUEST_SCOPE.value(account_of(definition.role_arn), region):
        patches.PUT_EVENTS.value({"Entries": [entry]}, allow_aws_source=True)
