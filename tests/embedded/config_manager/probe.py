"""Runs in place of the Configuration Manager's entry point: the same code, killed or measured."""

import os
import re
import time
from pathlib import Path
from typing import Any

import botocore.client
from odp.config_manager import handler

WRITES = {"PutItem", "UpdateItem", "TransactWriteItems"}
_call = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]
_left: int | None = None


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Handle an event; end the process as SIGKILL would just before the write of the given number."""
    global _left  # noqa: PLW0603
    _left = event["die_before"]
    started, writes = time.monotonic(), event["die_before"]
    outcome = handler.handle(event["message"], context)
    return {
        **outcome,
        "seconds": time.monotonic() - started,
        "megabytes": _peak_kilobytes() / 1024,
        "writes": None if writes is None else writes - (_left or 0),
    }


def _peak_kilobytes() -> int:
    """Read the most memory that this process had; getrusage may report the parent process's values."""
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(peak)


def _counted(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
    global _left  # noqa: PLW0603
    if operation in WRITES and _left is not None:
        if _left == 0:
            os._exit(1)
        _left -= 1
    return _call(client, operation, arguments)


botocore.client.BaseClient._make_api_call = _counted  # type: ignore[attr-defined]
