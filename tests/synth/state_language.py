"""State machines walked as Step Functions does, their JSONata included, with tasks answered by the test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonata import Jsonata

Json = dict[str, Any]
CONTEXT = {
    "Execution": {"Id": "arn:aws:states:us-east-1:222222222222:execution:taxi_flow:run", "Name": "run"},
    "StateMachine": {"Id": "arn:aws:states:us-east-1:222222222222:stateMachine:taxi_flow", "Name": "taxi_flow"},
}


class TaskError(Exception):
    """What a task fails with, after all that is tried again."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.output = {"Error": error, "Cause": cause}


def evaluate(template: Any, variables: Mapping[str, Any] | None = None, **states: Any) -> Any:
    """A state's template with its {% %} expressions evaluated over `$states` and the workflow's own variables."""
    match template:
        case dict():
            return {name: evaluate(value, variables, **states) for name, value in template.items()}
        case list():
            return [evaluate(value, variables, **states) for value in template]
        case str() if template.startswith("{%"):
            expression = Jsonata(template.removeprefix("{%").removesuffix("%}"))
            return expression.evaluate(None, _frame({"states": states, **(variables or {})}))
        case _:
            return template


def _frame(bindings: Mapping[str, Any]) -> Any:
    frame = Jsonata("$").create_frame()
    for name, value in bindings.items():
        frame.bind(name, value)
    return frame


def choose(state: Json, input_: Any, variables: Mapping[str, Any] | None = None) -> str:
    """Where a choice goes."""
    (choice,) = state["Choices"]
    return str(choice["Next"] if evaluate(choice["Condition"], variables, input=input_) else state["Default"])


@dataclass
class Walk:
    """One execution: the states it went through, what it asked of its tasks, and how it ended."""

    path: list[str] = field(default_factory=list)
    calls: list[tuple[str, Json]] = field(default_factory=list)
    status: str = ""
    error: str = ""
    cause: str = ""
    largest_state: int = 0
    waits: list[int] = field(default_factory=list)

    def asked(self, state: str) -> list[Json]:
        """The arguments of each call of a state."""
        return [arguments for name, arguments in self.calls if name == state]


def walk(definition: Json, input_: Any, answers: Mapping[str, Iterable[Json | TaskError]]) -> Walk:
    """Walk to the end; each task gives its next answer, or nothing worth reading once those are used up."""
    walked, variables = Walk(), dict[str, Any]()
    waiting = {state: iter(given) for state, given in answers.items()}
    name = definition["StartAt"]
    while True:
        state = definition["States"][name]
        walked.path.append(name)
        walked.largest_state = max(walked.largest_state, len(json.dumps([input_, variables])))
        if state["Type"] in ("Succeed", "Fail"):
            walked.status = {"Succeed": "SUCCEEDED", "Fail": "FAILED"}[state["Type"]]
            walked.error = state.get("Error", "")
            walked.cause = _defined(state.get("Cause", ""), variables, name, input=input_)
            return walked
        if state["Type"] == "Choice":
            name = choose(state, input_, variables)
            continue
        scope: Json = {"input": input_, "context": CONTEXT}
        if state["Type"] == "Wait":
            walked.waits.append(evaluate(state["Seconds"], variables, **scope))
        after = state
        if state["Type"] == "Task":
            walked.calls.append((name, _defined(state["Arguments"], variables, name, **scope)))
            answer = next(waiting.get(name, iter(())), {})
            if isinstance(answer, TaskError):
                after = _catcher(state, answer)
                scope["errorOutput"] = answer.output
            else:
                scope["result"] = answer
        assigned = _defined(after.get("Assign", {}), variables, name, **scope)
        input_ = _defined(after.get("Output", input_), variables, name, **scope)
        variables |= assigned
        name = after["Next"]


def _catcher(state: Json, error: TaskError) -> Json:
    """The first that takes the error; of an error that nobody takes the execution dies, which no test here wants."""
    named = error.output["Error"]
    found: Json = next(each for each in state["Catch"] if {named, "States.ALL"} & set(each["ErrorEquals"]))
    return found


def _defined(template: Any, variables: Mapping[str, Any], place: str, **states: Any) -> Any:
    """Step Functions fails a state whose expression gives nothing."""
    value = evaluate(template, variables, **states)
    assert "null" not in json.dumps(value), f"{place}: an expression in {template} gives nothing"
    return value
