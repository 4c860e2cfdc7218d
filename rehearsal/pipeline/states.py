"""Pipelines and executions in the shapes in which the CodePipeline API answers."""

import time
from typing import Any

from rehearsal.pipeline.pipelines import Pipeline
from rehearsal.pipeline.records import ActionRecord, ExecutionRecord

Answer = dict[str, Any]
_SUMMARY_LENGTH = 2048


def pipeline_summary(pipeline: Pipeline) -> Answer:
    """One line of ListPipelines."""
    return {
        "name": pipeline.name,
        "version": pipeline.version,
        "pipelineType": pipeline.definition.document.get("pipelineType", "V1"),
        "executionMode": pipeline.definition.mode,
    }


def execution_summary(record: ExecutionRecord) -> Answer:
    """One line of ListPipelineExecutions."""
    return {
        "pipelineExecutionId": record.id,
        "status": record.status,
        "statusSummary": record.reason[:_SUMMARY_LENGTH],
        "startTime": record.started,
        "lastUpdateTime": record.updated,
        "trigger": {"triggerType": record.trigger},
        "sourceRevisions": _revisions(record),
    }


def execution(pipeline: Pipeline, record: ExecutionRecord) -> Answer:
    """The answer of GetPipelineExecution."""
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": record.version,
        "pipelineExecutionId": record.id,
        "status": record.status,
        "statusSummary": record.reason[:_SUMMARY_LENGTH],
        "executionMode": pipeline.definition.mode,
        "trigger": {"triggerType": record.trigger},
    }


def action_execution(record: ExecutionRecord, action: ActionRecord) -> Answer:
    """One line of ListActionExecutions."""
    result = {"externalExecutionId": action.build_id, "externalExecutionUrl": action.log}
    return {
        "pipelineExecutionId": record.id,
        "pipelineVersion": record.version,
        "actionExecutionId": action.id,
        "stageName": action.stage,
        "actionName": action.action,
        "status": action.status,
        "startTime": action.started,
        "lastUpdateTime": action.ended or time.time(),
        "input": {
            "actionTypeId": {
                "category": action.category, "owner": "AWS", "provider": action.provider, "version": "1"
            },
            "roleArn": action.role_arn,
        },
        "output": {
            "executionResult": {
                **{name: value for name, value in result.items() if value},
                "externalExecutionSummary": (action.error or action.summary)[:_SUMMARY_LENGTH],
            }
        },
    }  # fmt: skip


def pipeline_state(pipeline: Pipeline) -> Answer:
    """The answer of GetPipelineState: of every action the newest execution that reached it."""
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": pipeline.version,
        "stageStates": [
            _stage_state(pipeline, stage.name, [action.name for action in stage.actions])
            for stage in pipeline.definition.stages
        ],
    }


def _stage_state(pipeline: Pipeline, stage: str, actions: list[str]) -> Answer:
    newest = next((each for each in reversed(pipeline.records) if _in_stage(each, stage)), None)
    reason = pipeline.locks.disabled.get(stage)
    state: Answer = {
        "stageName": stage,
        "inboundTransitionState": {"enabled": True} if reason is None else {"enabled": False, "disabledReason": reason},
        "actionStates": [_action_state(newest, stage, name) for name in actions],
    }
    if newest:
        status = _stage_status(newest, stage, len(actions))
        state["latestExecution"] = {"pipelineExecutionId": newest.id, "status": status}
    return state


def _action_state(newest: ExecutionRecord | None, stage: str, action: str) -> Answer:
    record = newest.of(stage, action) if newest else None
    if record is None:
        return {"actionName": action}
    latest: Answer = {
        "actionExecutionId": record.id,
        "status": record.status,
        "summary": record.summary[:_SUMMARY_LENGTH],
        "lastStatusChange": record.ended or record.started,
    }
    if record.token:
        latest["token"] = record.token
    if record.error:
        latest["errorDetails"] = {"code": "JobFailed", "message": record.error}
    if record.build_id:
        latest |= {"externalExecutionId": record.build_id, "externalExecutionUrl": record.log}
    return {"actionName": action, "latestExecution": latest}


def _stage_status(record: ExecutionRecord, stage: str, actions: int) -> str:
    found = [each.status for each in _in_stage(record, stage)]
    if "Failed" in found or "Abandoned" in found:
        return "Failed" if "Failed" in found else "Stopped"
    is_complete = len(found) == actions and set(found) == {"Succeeded"}
    if is_complete:
        return "Succeeded"
    return "InProgress" if record.status == "InProgress" or "InProgress" in found else record.status


def _in_stage(record: ExecutionRecord, stage: str) -> list[ActionRecord]:
    return [each for each in record.actions if each.stage == stage]


def _revisions(record: ExecutionRecord) -> list[Answer]:
    if not (record.revision and record.source_action):
        return []
    return [
        {
            "actionName": record.source_action,
            "revisionId": record.revision,
            "revisionSummary": record.revision_summary,
        }
    ]
