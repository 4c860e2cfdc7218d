"""A hook that no read of the product passes unless it is strongly consistent: moto's reads never are stale."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

_READS = ("GetItem", "BatchGetItem", "Query", "Scan")


def demand_consistent_reads(client: Any) -> None:
    """Refuse every read that code of the product asks for without ConsistentRead; a test's own reads pass."""
    for operation in _READS:
        client.meta.events.register(
            f"before-parameter-build.dynamodb.{operation}", _demand, unique_id=f"consistent-{operation}"
        )


def _demand(params: dict[str, Any], model: Any, **_: Any) -> None:
    if _is_asked_by_the_product():
        asked = list(params["RequestItems"].values()) if model.name == "BatchGetItem" else [params]
        assert all(each.get("ConsistentRead") is True for each in asked), f"a stale {model.name}: {params}"


def _is_asked_by_the_product() -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(("odp.", "tests.")) and name != __name__:
            return str(name).startswith("odp.")
        frame = frame.f_back
    return False
