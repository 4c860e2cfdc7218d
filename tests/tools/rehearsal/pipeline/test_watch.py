"""Each event of a pipeline is shown once, a failure with its log, and a question with its answer command."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from rehearsal.pipeline.report import PipelineWatch

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def detail(action: str, status: str, said: str = "", *, category: str = "Build") -> dict[str, Any]:
    return {
        "actionExecutionId": f"{action}-id", "stageName": "Stage", "actionName": action, "status": status,
        "startTime": NOON, "lastUpdateTime": NOON + timedelta(seconds=2),
        "input": {"actionTypeId": {"category": category}, "roleArn": "arn:aws:iam::222222222222:role/deploy"},
        "output": {"executionResult": {"externalExecutionSummary": said}},
    }  # fmt: skip


class Recorded:
    """CodePipeline, as it answers one time after the other."""

    def __init__(self, *moments: tuple[str, list[dict[str, Any]]]) -> None:
        self._moments = list(moments)
        self._now = self._moments[0]

    def list_pipelines(self) -> dict[str, Any]:
        return {"pipelines": [{"name": "p"}]}

    def list_pipeline_executions(self, *, pipelineName: str) -> dict[str, Any]:  # noqa: N803 - as boto3 calls it
        summary = {"pipelineExecutionId": "one", "status": self._now[0], "statusSummary": "", "startTime": NOON}
        return {"pipelineExecutionSummaries": [summary | {"lastUpdateTime": NOON + timedelta(seconds=9)}]}

    def list_action_executions(self, *, pipelineName: str, filter: dict[str, str]) -> dict[str, Any]:  # noqa: A002, N803
        self._now = self._moments.pop(0) if self._moments else self._now
        return {"actionExecutionDetails": self._now[1][::-1]}


@pytest.fixture
def console() -> Console:
    return Console(record=True, width=200, force_terminal=False)


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.pipeline.report._POLL_SECONDS", 0)


def test_every_action_is_told_once_when_it_has_ended(console: Console) -> None:
    synth = detail("Synth", "Succeeded")
    recorded = Recorded(("InProgress", [synth]), ("InProgress", [synth, detail("Assets", "InProgress")]),
                        ("Succeeded", [synth, detail("Assets", "Succeeded")]))  # fmt: skip
    assert PipelineWatch(recorded, console).until_settled(["p"]) == {"p": "Succeeded"}
    said = console.export_text()
    assert said.count("Stage/Synth") == said.count("Stage/Assets") == 1
    assert "in 222222222222 2.0 s" in said
    assert "p: Succeeded after 9 s" in said


def test_a_failure_is_told_with_all_that_its_log_says(console: Console) -> None:
    recorded = Recorded(("Failed", [detail("Synth", "Failed", "exit code 1\nImportError: [no] module")]))
    PipelineWatch(recorded, console).until_settled(["p"])
    said = console.export_text()
    assert "✗ p Stage/Synth" in said
    assert "ImportError: [no] module" in said


def test_a_question_is_told_once_with_the_way_to_answer_it_and_ends_the_waiting(console: Console) -> None:
    asks = detail("Approve", "InProgress", "PERMISSIONS ARE BROADENED", category="Approval")
    watch = PipelineWatch(Recorded(("InProgress", [asks])), console)
    assert watch.until_settled(["p"]) == watch.until_settled(["p"]) == {"p": "InProgress"}
    said = console.export_text()
    assert said.count("p waits for approval: PERMISSIONS ARE BROADENED") == 1
    assert "rehearse approve p" in said


def test_the_past_is_passed_over(console: Console) -> None:
    watch = PipelineWatch(Recorded(("Failed", [detail("Synth", "Failed", "of yesterday")])), console)
    watch.pass_over_the_past()
    watch.until_settled(["p"])
    assert console.export_text() == ""


def test_pipelines_beside_are_told_and_nobody_waits_for_them(console: Console) -> None:
    synth = detail("Synth", "Succeeded")
    of_both = {
        "p": Recorded(("Succeeded", [])),
        "q": Recorded(("InProgress", [synth, detail("Assets", "InProgress")])),
    }

    class Both:
        def list_pipeline_executions(self, *, pipelineName: str) -> dict[str, Any]:  # noqa: N803 - as boto3 calls it
            (summary,) = of_both[pipelineName].list_pipeline_executions(pipelineName=pipelineName).popitem()[1]
            return {"pipelineExecutionSummaries": [{**summary, "pipelineExecutionId": f"of {pipelineName}"}]}

        def list_action_executions(self, *, pipelineName: str, filter: dict[str, str]) -> dict[str, Any]:  # noqa: A002, N803
            return of_both[pipelineName].list_action_executions(pipelineName=pipelineName, filter=filter)

    shown: list[list[str]] = []
    watch = PipelineWatch(Both(), console, lambda running: shown.append([each.action for each in running]))
    assert watch.until_settled(["p"], beside=["q"]) == {"p": "Succeeded"}
    assert "q Stage/Synth" in console.export_text()
    assert shown == [["Assets"]]
