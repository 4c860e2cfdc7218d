"""The answer that CloudFormation waits for."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Made:
    """What a request came to: the id of what there is now, and its attributes."""

    id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def tell(event: Mapping[str, Any], made: Made, failure: str = "") -> None:
    """Answer a request; without an answer CloudFormation waits until the resource's timeout."""
    answer = {
        "Status": "FAILED" if failure else "SUCCESS",
        "Reason": failure,
        "PhysicalResourceId": made.id,
        "Data": dict(made.attributes),
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's own
        event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT", headers={"Content-Type": ""}
    )
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310
