"""States evaluated as Step Functions does, their JSONata included, so that tests need not read expressions."""

from __future__ import annotations

from typing import Any

from jsonata import Jsonata


def evaluate(template: Any, variables: dict[str, Any] | None = None, **states: Any) -> Any:
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


def _frame(bindings: dict[str, Any]) -> Any:
    frame = Jsonata("$").create_frame()
    for name, value in bindings.items():
        frame.bind(name, value)
    return frame


def choose(state: dict[str, Any], input_: Any) -> str:
    """Where a choice goes."""
    (choice,) = state["Choices"]
    return str(choice["Next"] if evaluate(choice["Condition"], input=input_) else state["Default"])
