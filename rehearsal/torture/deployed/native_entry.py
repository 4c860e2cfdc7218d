"""The native function with faults at its ports' boundaries, in a process of its own, which may be killed."""

from pathlib import Path
from typing import Any

from odp.native import handler

from rehearsal.torture.deployed.refresher_under_fire import inject_faults


def handle(faults: Path, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
    """Refresh the tables of a batch with the faults that this file has now."""
    inject_faults(faults.read_text())
    answer: dict[str, Any] = handler.handle(event, context)
    return answer
