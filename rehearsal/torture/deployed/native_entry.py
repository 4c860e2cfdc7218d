"""The native function with faults at its ports' boundaries; it runs in a process of its own, which may be killed."""

from pathlib import Path
from typing import Any

from odp.native import handler

from rehearsal.torture.deployed.refresher_under_fire import befall


def handle(faults: Path, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
    """Refresh the tables of a batch under the faults that this file has now."""
    befall(faults.read_text())
    answer: dict[str, Any] = handler.handle(event, context)
    return answer
