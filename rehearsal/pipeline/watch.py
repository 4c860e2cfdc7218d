"""Shows pipelines as they run: ended actions, logs of failed ones, and open approvals."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

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

    def __init__(self, codepipeline: Any, console: Console) -> None:  # noqa: ANN401 - boto3 makes clients at run time
        self._codepipeline, self._console = codepipeline, console
        self._told: set[str] = set()

    def pass_over_the_past(self) -> None:
        """Tell nothing of executions that have ended already."""
        for listed in self._codepipeline.list_pipelines()["pipelines"]:
            ended = [each for each in self._executions(listed["name"]) if each["status"] != _RUNNING]
            self._told |= {each["pipelineExecutionId"] for each in ended}

    def until_settled(self, pipelines: Sequence[str]) -> dict[str, str]:
        """Watch until nothing runs but what waits for a person; give the status of each pipeline's newest execution."""
        with self._live() as live:
            while True:
                statuses = {name: self._status(name) for name in pipelines}
                running = self._look(pipelines, live)  # afterwards: what has ended is told before this returns
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

    def _live(self) -> Live:
        return Live(console=self._console, transient=True, auto_refresh=self._console.is_terminal)

    def _look(self, pipelines: Sequence[str], live: Live) -> list[RunningAction]:
        running = [action for name in pipelines for action in self._pipeline(name)]
        if self._console.is_terminal:
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
