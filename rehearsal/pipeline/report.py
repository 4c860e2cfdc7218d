"""Shows what pipelines do and did, as CodePipeline's API tells it: in a terminal as they run, afterwards as a page."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from rehearsal.emulator.settings import VALIDATION
from rehearsal.pipeline.actions import NOT_PUSHED_YET
from rehearsal.pipeline.rehearsal import Rehearsal
from rehearsal.report.page import PipelineAction, PipelineExecution, PipelineStage, RehearsalReport, render_rehearsal

_POLL_SECONDS = 0.5
_MARKS = {"Succeeded": ("✓", "green"), "Failed": ("✗", "red"), "Abandoned": ("–", "yellow")}
_RUNNING = "InProgress"


@dataclass(frozen=True)
class RunningAction:
    """An action that is under way."""

    pipeline: str
    stage: str
    action: str
    started: datetime
    is_approval: bool


class PipelineWatch:
    """Tells once what happens in pipelines."""

    def __init__(
        self,
        codepipeline: Any,  # noqa: ANN401 - boto3 makes clients at run time
        console: Console,
        show: Callable[[Sequence[RunningAction]], object] | None = None,
    ) -> None:
        self._codepipeline, self._console = codepipeline, console
        self._show = show
        """Takes what runs now, in place of spinners of its own."""
        self._told: set[str] = set()

    def pass_over_the_past(self) -> None:
        """Tell nothing of executions that have ended already."""
        for listed in self._codepipeline.list_pipelines()["pipelines"]:
            ended = [each for each in self._executions(listed["name"]) if each["status"] != _RUNNING]
            self._told |= {each["pipelineExecutionId"] for each in ended}

    def until_settled(self, pipelines: Sequence[str], beside: Sequence[str] = ()) -> dict[str, str]:
        """Watch until nothing runs but what waits for a person; give the status of each pipeline's newest execution.

        What happens in pipelines beside these is told too, and nobody waits for it.
        """
        with self._live() as live:
            while True:
                statuses = {name: self._status(name) for name in pipelines}
                # afterwards: what has ended is told before this returns
                running = self._look([*pipelines, *beside], live)
                waiting = {action.pipeline for action in running if action.is_approval}
                if all(status != _RUNNING or name in waiting for name, status in statuses.items()):
                    return statuses
                time.sleep(_POLL_SECONDS)

    def for_ever(self) -> None:
        """Watch all pipelines until an interruption."""
        with self._live() as live:
            while True:
                self._look([each["name"] for each in self._codepipeline.list_pipelines()["pipelines"]], live)
                time.sleep(_POLL_SECONDS)

    def _live(self) -> AbstractContextManager[Live | None]:
        if self._show:
            return nullcontext()
        return Live(console=self._console, transient=True, auto_refresh=self._console.is_terminal)

    def _look(self, pipelines: Sequence[str], live: Live | None) -> list[RunningAction]:
        running = [action for name in pipelines for action in self._pipeline(name)]
        if self._show:
            self._show(running)
        elif live and self._console.is_terminal:
            live.update(Group(*(_spinner(action) for action in running)))
        return running

    def _pipeline(self, name: str) -> Iterator[RunningAction]:
        for execution in reversed(self._executions(name)):
            id_ = execution["pipelineExecutionId"]
            if id_ in self._told:
                continue
            for detail in reversed(self._actions(name, id_)):
                if detail["status"] == _RUNNING:
                    yield self._running(name, detail)
                elif self._is_new(detail["actionExecutionId"]):
                    self._tell_action(name, detail)
            if execution["status"] != _RUNNING:
                self._told.add(id_)
                self._tell_execution(name, execution)

    def _running(self, name: str, detail: dict[str, Any]) -> RunningAction:
        is_approval = detail["input"]["actionTypeId"]["category"] == "Approval"
        said = detail["output"]["executionResult"].get("externalExecutionSummary", "")
        if is_approval and self._is_new(f"{detail['actionExecutionId']} asks"):
            self._print(Text.assemble(("? ", "yellow bold"), f"{name} waits for approval: {said}"))
            self._print(Text(f"  rehearse approve {name}   or   rehearse reject {name}", style="bold"))
        return RunningAction(name, detail["stageName"], detail["actionName"], detail["startTime"], is_approval)

    def _tell_action(self, name: str, detail: dict[str, Any]) -> None:
        mark, style = _MARKS[detail["status"]]
        seconds = (detail["lastUpdateTime"] - detail["startTime"]).total_seconds()
        said = detail["output"]["executionResult"].get("externalExecutionSummary", "")
        where = f" in {detail['input']['roleArn'].split(':')[4]}"
        line = Text.assemble((f"{mark} ", style), f"{name} {detail['stageName']}/{detail['actionName']}")
        line.append(f"{where} {seconds:.1f} s", style="dim")
        first, *rest = said.splitlines() or [""]
        line.append(f" {first}", style="red" if detail["status"] == "Failed" else "dim")
        self._print(line)
        for text in rest:
            self._print(Text(f"  {text}", style="dim"))

    def _tell_execution(self, name: str, execution: dict[str, Any]) -> None:
        status, why = execution["status"], execution.get("statusSummary", "")
        seconds = (execution["lastUpdateTime"] - execution["startTime"]).total_seconds()
        style = "green bold" if status == "Succeeded" else "red bold" if status == "Failed" else "yellow"
        line = Text.assemble((f"{name}: {status}", style), (f" after {seconds:.0f} s {why}", "dim"))
        self._print(line)

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True, highlight=False)

    def _is_new(self, key: str) -> bool:
        is_new = key not in self._told
        self._told.add(key)
        return is_new

    def _status(self, name: str) -> str:
        executions = self._executions(name)
        return str(executions[0]["status"]) if executions else ""

    def _executions(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._codepipeline.list_pipeline_executions(pipelineName=name)[
            "pipelineExecutionSummaries"
        ]
        return found

    def _actions(self, name: str, execution: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._codepipeline.list_action_executions(
            pipelineName=name, filter={"pipelineExecutionId": execution}
        )["actionExecutionDetails"]
        return found


def _spinner(action: RunningAction) -> Spinner:
    seconds = (datetime.now(UTC) - action.started).total_seconds()
    return Spinner("dots", Text(f"{action.pipeline} {action.stage}/{action.action} {seconds:.0f} s"))


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


def limits(left_out: Sequence[str], *, validated: bool = True) -> tuple[str, ...]:
    """The limits of one rehearsal, the commands that it left out first."""
    checks = (f"Left out in every test build of this rehearsal: {', '.join(left_out)}.",) if left_out else ()
    validation = () if validated else (f"Left out in every build that synthesises: {VALIDATION}.",)
    return (*checks, *validation, *LIMITS)


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
    settings = rehearsal.emulator.settings
    said = limits(settings.skipped_commands, validated=settings.validates_templates)
    return RehearsalReport(started, tuple(each for each in executions if _had_something_to_do(each)), said)


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
