"""For tests that call an entry point themselves: what Lambda tells a function, and what the function writes."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CallContext:
    """A call that may take so many milliseconds."""

    milliseconds: int = 900_000
    aws_request_id: str = "request"
    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:111111111111:function:function"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def metrics_in(output: str) -> list[dict[str, Any]]:
    """The metrics of embedded metric format among what a function wrote; CloudWatch adds up a list of values."""
    lines = [json.loads(line) for line in output.splitlines()]
    return [
        {name: sum(value) if isinstance(value, list) else value for name, value in line.items()}
        for line in lines
        if "_aws" in line
    ]


def logs_in(output: str) -> list[dict[str, Any]]:
    """The log lines among what a function wrote."""
    return [line for line in map(json.loads, output.splitlines()) if "_aws" not in line]
