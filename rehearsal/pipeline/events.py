"""CodePipeline's events on the default bus, from which rules make notices."""

import json
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.pipeline.access import account_of
from rehearsal.pipeline.definition import Definition
from rehearsal.pipeline.records import ActionRecord, ExecutionRecord

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
