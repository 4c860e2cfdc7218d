"""Runs the Batch Manager's handler once in its own process, and reports its answer and cost."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
from odp.file_processor.handler import handle

from benchmarks.stopwatch import measured

_KIBIBYTE = 1024


class _Call:
    """What Lambda tells the function of its call, which is in its log lines."""

    function_name = invoked_function_arn = aws_request_id = "benchmark"
    memory_limit_in_mb = 512


@dataclass(frozen=True, slots=True)
class Planning:
    """One invocation: its answer is the state that the state machine carries."""

    state: Mapping[str, Any]
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    requests: Mapping[str, int]


def plan_in_own_process(event: Mapping[str, Any], environment: Mapping[str, str]) -> Planning:
    """Invoke the handler as Lambda does: with its variables and nothing else, in memory that is its alone."""
    command = [sys.executable, "-m", "benchmarks.batch_plan.probe", json.dumps(event)]
    ended = subprocess.run(command, env={**environment}, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"the Batch Manager failed:\n{ended.stderr}")
    return Planning(**json.loads(ended.stdout.splitlines()[-1]))


def _planning(event: dict[str, Any]) -> Planning:
    requests: Counter[str] = Counter()

    def count(model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's operation
        requests[f"{model.service_model.service_name}:{model.name}"] += 1

    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION is not None  # noqa: S101 - it was made just now
    boto3.DEFAULT_SESSION.events.register("before-call", count)
    with measured() as duration:
        state = handle(event, _Call())
    return Planning(state, duration.wall, duration.cpu, _peak_bytes(), dict(requests))


def _peak_bytes() -> int:
    """Read the most memory that this process had; getrusage may report the parent process's values."""
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(peak) * _KIBIBYTE


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_planning(json.loads(sys.argv[1])))))
