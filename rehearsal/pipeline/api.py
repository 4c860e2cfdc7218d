"""Puts CodePipeline into the emulator: the resource type, its place in IAM, and the wire API that boto3 speaks to."""

import time
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.json_api import Answer, ApiError, JsonApi, Operation, Request
from rehearsal.emulator.resource_types import Created, Properties, register
from rehearsal.pipeline import states
from rehearsal.pipeline.definition import api_document
from rehearsal.pipeline.execution import StageLocks
from rehearsal.pipeline.pipelines import Pipeline, Pipelines
from rehearsal.pipeline.records import Approvals, ExecutionRecord
from rehearsal.pipeline.repository import is_commit

# CodePipeline's wire API: what boto3, the AWS command line and the rehearsal's own commands speak to.


class CodePipelineApi(JsonApi):
    """The operations, each named as on the wire."""

    def __init__(self, pipelines: Pipelines) -> None:
        self._pipelines = pipelines

    @property
    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "ListPipelines": self._list,
            "GetPipeline": self._get,
            "GetPipelineState": self._state,
            "StartPipelineExecution": self._start,
            "StopPipelineExecution": self._stop,
            "ListPipelineExecutions": self._executions,
            "GetPipelineExecution": self._execution,
            "ListActionExecutions": self._actions,
            "PutApprovalResult": self._decide,
            "DisableStageTransition": self._disable,
            "EnableStageTransition": self._enable,
        }

    def _list(self, _: Request) -> Answer:
        account, region = _caller()
        return {"pipelines": [states.pipeline_summary(each) for each in self._pipelines.of(account, region)]}

    def _get(self, request: Request) -> Answer:
        pipeline = self._pipeline(request["name"])
        return {"pipeline": {**pipeline.definition.document, "version": pipeline.version}}

    def _state(self, request: Request) -> Answer:
        return states.pipeline_state(self._pipeline(request["name"]))

    def _start(self, request: Request) -> Answer:
        pipeline = self._pipeline(request["name"])
        revisions = request.get("sourceRevisions") or [{}]
        revision = revisions[0].get("revisionValue", "")
        if revision and not is_commit(revision):
            raise ApiError("ValidationException", "revisionValue names no commit: 40 hexadecimal digits are expected")
        record = self._pipelines.start(
            pipeline,
            trigger="WebhookV2" if revisions[0] else "StartPipelineExecution",
            revision=revision,
        )
        return {"pipelineExecutionId": record.id}

    def _stop(self, request: Request) -> Answer:
        pipeline = self._pipeline(request["pipelineName"])
        running = pipeline.running.get(request["pipelineExecutionId"])
        if running is None:
            raise ApiError("PipelineExecutionNotStoppableException", "the execution is not in progress")
        reason = request.get("reason") or "stopped by hand"
        if request.get("abandon"):
            running.abandon(reason)
        else:
            running.end("Stopped", reason)
        return {"pipelineExecutionId": running.record.id}

    def _executions(self, request: Request) -> Answer:
        records = self._pipeline(request["pipelineName"]).records
        shown = records[::-1][: request.get("maxResults", 100)]
        return {"pipelineExecutionSummaries": [states.execution_summary(each) for each in shown]}

    def _execution(self, request: Request) -> Answer:
        pipeline = self._pipeline(request["pipelineName"])
        record = self._record(pipeline, request["pipelineExecutionId"])
        return {"pipelineExecution": states.execution(pipeline, record)}

    def _actions(self, request: Request) -> Answer:
        pipeline = self._pipeline(request["pipelineName"])
        chosen = (request.get("filter") or {}).get("pipelineExecutionId")
        records = [self._record(pipeline, chosen)] if chosen else pipeline.records
        details = [states.action_execution(record, action) for record in records for action in record.actions]
        return {"actionExecutionDetails": details[::-1]}

    def _decide(self, request: Request) -> Answer:
        pipeline, result = self._pipeline(request["pipelineName"]), request["result"]
        asked = {
            action.token
            for record in pipeline.records
            for action in record.actions
            if (action.stage, action.action) == (request["stageName"], request["actionName"]) and action.token
        }
        token = request["token"]
        if token not in asked or not Approvals.answer(
            token, status=result["status"], summary=result.get("summary", "")
        ):
            raise ApiError("InvalidApprovalTokenException", "no approval is asked for under this token, or no longer")
        return {"approvedAt": time.time()}

    def _disable(self, request: Request) -> Answer:
        locks, stage = self._transition(request)
        locks.disable(stage, request["reason"])
        return {}

    def _enable(self, request: Request) -> Answer:
        locks, stage = self._transition(request)
        locks.enable(stage)
        return {}

    def _transition(self, request: Request) -> tuple[StageLocks, str]:
        pipeline, stage = self._pipeline(request["pipelineName"]), request["stageName"]
        if request["transitionType"] != "Inbound":
            raise ApiError("UnsupportedOperationException", "only inbound transitions are rehearsed")
        if stage not in {each.name for each in pipeline.definition.stages}:
            raise ApiError("StageNotFoundException", f"pipeline {pipeline.name} has no stage {stage}")
        return pipeline.locks, stage

    def _pipeline(self, name: str) -> Pipeline:
        account, region = _caller()
        found = self._pipelines.find(account, region, name)
        if found is None:
            raise ApiError(
                "PipelineNotFoundException", f"Account '{account}' does not have a pipeline with name '{name}'"
            )
        return found

    def _record(self, pipeline: Pipeline, id_: str) -> ExecutionRecord:
        found = pipeline.execution(id_)
        if found is None:
            raise ApiError("PipelineExecutionNotFoundException", f"{pipeline.name} has no execution {id_}")
        return found


def _caller() -> tuple[str, str]:
    return patches.REQUEST_ACCOUNT.value(), patches.REQUEST_REGION.value()


# Puts CodePipeline into the emulator: the resource type, the wire API and its place in IAM.

_SERVICE = "codepipeline"
_ROUTE: dict[str, Any] = {
    "target_prefixes": ["CodePipeline_20150709"],
    "host_patterns": [r"codepipeline\."],
    "credential_scope": _SERVICE,
}


def install(pipelines: Pipelines) -> None:
    """Serve CodePipeline as ministack serves its own services."""
    patches.SERVICES.value[_SERVICE] = CodePipelineApi(pipelines).handle
    patches.ROUTES.value[_SERVICE] = _ROUTE
    patches.IAM_NAMESPACES.value[_SERVICE] = _SERVICE
    deployed = _DeployedPipelines(pipelines)
    register("AWS::CodePipeline::Pipeline", deployed.create, deployed.delete, deployed.update)


class _DeployedPipelines:
    """The pipelines as resources of stacks, in the account and Region of the stack."""

    def __init__(self, pipelines: Pipelines) -> None:
        self._pipelines = pipelines

    def create(self, properties: Properties) -> Created:
        document = api_document(properties, default_name="pipeline")
        return _made(self._pipelines.create(*_place(), document, restarts=_restarts(properties)))

    def update(self, name: str, properties: Properties) -> Created:
        pipeline = self._pipelines.find(*_place(), name)
        if pipeline is None:
            return self.create(properties)
        document = api_document(properties, default_name=name)
        self._pipelines.update(pipeline, document, restarts=_restarts(properties))
        return _made(pipeline)

    def delete(self, name: str, _: Properties) -> None:
        self._pipelines.delete(*_place(), name)


def _made(pipeline: Pipeline) -> Created:
    return pipeline.name, {"Version": str(pipeline.version)}


def _restarts(properties: Properties) -> bool:
    return str(properties.get("RestartExecutionOnUpdate", False)).lower() == "true"


def _place() -> tuple[str, str]:
    return patches.REQUEST_ACCOUNT.value(), patches.REQUEST_REGION.value()
