"""Answers what pipelines ask of a person, over the same API as the console does."""

import time
from typing import Any

from rehearsal.pipeline.errors import RehearsalError

_ACTS_WITHIN_SECONDS = 30
_POLL_SECONDS = 0.1
_Question = tuple[str, str, str]


def decide(codepipeline: Any, pipeline: str | None, *, status: str, summary: str) -> list[str]:  # noqa: ANN401 - boto3 makes clients at run time
    """Answer the open questions of a pipeline, or of all, and name the stages that asked."""
    names = [each["name"] for each in codepipeline.list_pipelines()["pipelines"]]
    if pipeline and pipeline not in names:
        raise RehearsalError(f"there is no pipeline {pipeline}; there are {', '.join(names) or 'none'}")
    answered = []
    for name in [pipeline] if pipeline else names:
        for stage, action, token in _asked(codepipeline, name):
            codepipeline.put_approval_result(
                pipelineName=name,
                stageName=stage,
                actionName=action,
                token=token,
                result={"status": status, "summary": summary},
            )
            _wait_until_taken(codepipeline, name, (stage, action, token))
            answered.append(f"{name} {stage}/{action}")
    if not answered:
        raise RehearsalError(f"{pipeline} waits for nobody" if pipeline else "no pipeline waits for an approval")
    return answered


def _wait_until_taken(codepipeline: Any, name: str, question: _Question) -> None:  # noqa: ANN401
    """Let the pipeline act on an answer: who looks at it right after that would find the question still open."""
    deadline = time.monotonic() + _ACTS_WITHIN_SECONDS
    while question in _asked(codepipeline, name) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _asked(codepipeline: Any, name: str) -> list[_Question]:  # noqa: ANN401 - boto3 makes clients at run time
    return [
        (stage["stageName"], action["actionName"], token)
        for stage in codepipeline.get_pipeline_state(name=name)["stageStates"]
        for action in stage["actionStates"]
        if (token := action.get("latestExecution", {}).get("token"))
    ]
