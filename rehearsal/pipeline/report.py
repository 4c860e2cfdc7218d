"""Reads what the pipelines did over CodePipeline's API and writes it as a page, with what that does not prove."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.pipeline.actions import NOT_PUSHED_YET
from rehearsal.pipeline.rehearsal import Rehearsal
from rehearsal.report.page import PipelineAction, PipelineExecution, PipelineStage, RehearsalReport, render_rehearsal

# What a rehearsal does not prove; every result shows it.

_LIMITS = """
CodeBuild's images: builds run on this machine, with its Python, a node as new as the buildspec's or newer, its system
tools and its download caches; no VPC, no quotas, no queue of builds.

The connection: its handshake, webhooks and their delays. The source is the pushed commit without history.

CloudFormation is the emulator's: replacement, rollback, drift and the time that real resources take differ. What it
says of a change set before execution is what its templates and parameters say; the command `aws` of builds is ours.

Rights of the execution role are asked resource by resource, with their conditions, for roles, policies, boundaries,
builds, pipelines, functions, jobs and buckets; for all else action by action, for the types of each change set.

KMS is asked for the pipeline's artifacts only. There are no service control policies, no permissions boundaries of an
organisation, no throttling, and IAM is consistent at once.

Order and states of executions are one reading of AWS's documentation (docs/decisions/0010-rehearsed-pipelines.md);
retries of a stage, rollbacks and conditions are not rehearsed.

Glue starts each run on machines of its own; here a run may get the JVM of one before it, without what that left
(docs/decisions/0015-lent-jvms.md).

E-mail and alarms, and pipelines that deploy into other Regions than their own.
"""
LIMITS = tuple(" ".join(limit.split()) for limit in _LIMITS.strip().split("\n\n"))


def limits(left_out: Sequence[str]) -> tuple[str, ...]:
    """The limits of one rehearsal, the commands that it left out first."""
    checks = (f"Left out in every test build of this rehearsal: {', '.join(left_out)}.",) if left_out else ()
    return (*checks, *LIMITS)


# Reads what the pipelines did over CodePipeline's API and writes it as a page.

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
