"""Reads what the pipelines did over CodePipeline's API and writes it as a page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.pipeline.actions.source import NOT_PUSHED_YET
from rehearsal.pipeline.limits import limits
from rehearsal.pipeline.rehearsal import Rehearsal
from rehearsal.report.page import render_rehearsal
from rehearsal.report.pipelines import (
    PipelineAction,
    PipelineExecution,
    PipelineStage,
    RehearsalReport,
)

Answer = dict[str, Any]


def write_report(rehearsal: Rehearsal, started: datetime, file: Path) -> None:
    """Write the page."""
    file.write_text(render_rehearsal(rehearsal_report(rehearsal, started)), encoding="utf-8")


def rehearsal_report(rehearsal: Rehearsal, started: datetime) -> RehearsalReport:
    """Collect all executions, the oldest first."""
    codepipeline = rehearsal.codepipeline
    names = [each["name"] for each in codepipeline.list_pipelines()["pipelines"]]
    executions = [execution for name in names for execution in _executions(codepipeline, name)]
    executions.sort(key=lambda execution: execution.actions[0].start if execution.actions else datetime.now(UTC))
    left_out = rehearsal.emulator.settings.skipped_commands
    return RehearsalReport(started, tuple(each for each in executions if _had_something_to_do(each)), limits(left_out))


def _had_something_to_do(execution: PipelineExecution) -> bool:
    """Pipelines start when they are deployed, whether their branch has been pushed or not."""
    return not any(action.said.endswith(NOT_PUSHED_YET) for action in execution.actions)


def _executions(codepipeline: Any, name: str) -> list[PipelineExecution]:  # noqa: ANN401 - boto3 makes clients at run time
    stages = [stage["name"] for stage in codepipeline.get_pipeline(name=name)["pipeline"]["stages"]]
    return [
        _execution(name, stages, summary, codepipeline)
        for summary in codepipeline.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]
    ]


def _execution(name: str, stages: Sequence[str], summary: Answer, codepipeline: Any) -> PipelineExecution:  # noqa: ANN401 - as above
    details = codepipeline.list_action_executions(
        pipelineName=name, filter={"pipelineExecutionId": summary["pipelineExecutionId"]}
    )["actionExecutionDetails"]
    revision: Answer = next(iter(summary.get("sourceRevisions", ())), {})
    known = [*stages, *(each["stageName"] for each in details)]  # an older version may have had other stages
    return PipelineExecution(
        pipeline=name,
        version=max((each["pipelineVersion"] for each in details), default=1),
        trigger=summary["trigger"]["triggerType"],
        commit=revision.get("revisionId", ""),
        subject=revision.get("revisionSummary", ""),
        status=summary["status"],
        reason=summary.get("statusSummary", ""),
        stages=tuple(PipelineStage(stage, _actions(details, stage)) for stage in dict.fromkeys(known)),
    )


def _actions(details: Sequence[Answer], stage: str) -> tuple[PipelineAction, ...]:
    return tuple(
        PipelineAction(
            name=each["actionName"],
            provider=each["input"]["actionTypeId"]["provider"],
            account=each["input"]["roleArn"].split(":")[4],
            start=each["startTime"],
            end=each["lastUpdateTime"],
            status=each["status"],
            said=each["output"]["executionResult"].get("externalExecutionSummary", "").partition("\n")[0],
        )
        for each in reversed(details)
        if each["stageName"] == stage
    )
