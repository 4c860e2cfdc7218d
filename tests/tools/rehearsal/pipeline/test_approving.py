"""An answer is given over the API, and has been taken when `decide` returns."""

from typing import Any

import pytest

from rehearsal.pipeline.cli import decide
from rehearsal.pipeline.definition import RehearsalError


class Pipelines:
    """CodePipeline with one question, which stays visible for a few looks after it was answered."""

    def __init__(self, *, looks_until_taken: int) -> None:
        self.answers: list[dict[str, Any]] = []
        self._looks_left = looks_until_taken

    @property
    def is_open(self) -> bool:
        return self._looks_left > 0

    def list_pipelines(self) -> dict[str, Any]:
        return {"pipelines": [{"name": "prod"}]}

    def get_pipeline_state(self, name: str) -> dict[str, Any]:
        latest = {"token": "t1"} if self.is_open else {}
        if self.answers:
            self._looks_left -= 1
        return {
            "stageStates": [{"stageName": "Gate", "actionStates": [{"actionName": "Ask", "latestExecution": latest}]}]
        }

    def put_approval_result(self, **answer: Any) -> None:
        self.answers.append(answer)


def test_a_decision_returns_when_the_pipeline_has_taken_it() -> None:
    pipelines = Pipelines(looks_until_taken=3)
    assert decide(pipelines, "prod", status="Approved", summary="") == ["prod Gate/Ask"]
    assert not pipelines.is_open
    assert [(answer["token"], answer["result"]["status"]) for answer in pipelines.answers] == [("t1", "Approved")]


@pytest.mark.parametrize("pipeline", ["prod", None])
def test_deciding_when_nothing_is_asked_says_so(pipeline: str | None) -> None:
    with pytest.raises(RehearsalError, match="waits for"):
        decide(Pipelines(looks_until_taken=0), pipeline, status="Approved", summary="")


def test_an_unknown_pipeline_is_named_with_those_that_are_there() -> None:
    with pytest.raises(RehearsalError, match="no pipeline other; there are prod"):
        decide(Pipelines(looks_until_taken=0), "other", status="Approved", summary="")
