"""State machines walked as Step Functions does, their JSONata included, with tasks answered by the test."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
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

    is_final = True

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.name = error
        self.output = {"Error": error, "Cause": cause}


class AttemptError(TaskError):
    """What one attempt of a task fails with; whether there is another one is up to the state."""

    is_final = False


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
    true = (choice for choice in state["Choices"] if evaluate(choice["Condition"], variables, input=input_))
    return str(next(true, {"Next": state["Default"]})["Next"])


@dataclass
class Walk:
    """One execution: the states it went through, what it asked of its tasks, and how it ended."""

    path: list[str] = field(default_factory=list)
    calls: list[tuple[str, Json]] = field(default_factory=list)
    status: str = ""
    error: str = ""
    cause: str = ""
    output: Any = None
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
            arguments = _defined(state["Arguments"], variables, name, **scope)
            answer = _attempted(state, waiting.get(name, iter(())), lambda: walked.calls.append((name, arguments)))  # noqa: B023 - called at once
            if isinstance(answer, TaskError):
                after = _catcher(state, answer)
                scope["errorOutput"] = answer.output
            else:
                scope["result"] = answer
        assigned = _defined(after.get("Assign", {}), variables, name, **scope)
        input_ = _defined(after.get("Output", input_), variables, name, **scope)
        variables |= assigned
        if after.get("End"):
            walked.status, walked.output = "SUCCEEDED", input_
            return walked
        name = after["Next"]


def takes(handler: Json, error: str) -> bool:
    """Whether a retrier or catcher takes an error.

    Names are compared as they are, without any class hierarchy. States.TaskFailed takes all but time-outs, and
    States.ALL all but what ends an execution (https://states-language.net/spec.html#errors).
    """
    names = set(handler["ErrorEquals"])
    if error in ("States.DataLimitExceeded", "States.Runtime"):
        return error in names
    is_failure = error != "States.Timeout"
    return error in names or "States.ALL" in names or (is_failure and "States.TaskFailed" in names)


def _attempted(state: Json, answers: Iterator[Json | TaskError], ask: Callable[[], None]) -> Json | TaskError:
    """The answer of a task, after the attempts that its retriers make; each of them counts its own."""
    attempts: dict[int, int] = defaultdict(int)
    while True:
        ask()
        answer = next(answers, {})
        if not isinstance(answer, TaskError) or answer.is_final:
            return answer
        retriers = (number for number, each in enumerate(state.get("Retry", ())) if takes(each, answer.name))
        retrier = next(retriers, None)
        if retrier is None or attempts[retrier] >= state["Retry"][retrier].get("MaxAttempts", 3):
            return answer
        attempts[retrier] += 1


class UncaughtError(Exception):
    """An error that no catcher of its state takes ends the execution."""


def _catcher(state: Json, error: TaskError) -> Json:
    """The first that takes the error."""
    for each in state.get("Catch", ()):
        if takes(each, error.name):
            return dict(each)
    raise UncaughtError(error.name)


def _defined(template: Any, variables: Mapping[str, Any], place: str, **states: Any) -> Any:
    """Step Functions fails a state whose expression gives nothing."""
    value = evaluate(template, variables, **states)
    assert "null" not in json.dumps(value), f"{place}: an expression in {template} gives nothing"
    return value
