"""Writes CloudWatch metrics as embedded metric format: a log line, no API call, no permission."""

from __future__ import annotations

import json
import sys
import time

NAMESPACE = "ODP"


LAKE = "Lake"
UNTOLD_CHANGES = "UntoldChanges"
"""The metric of judgements after which people could not be told all."""


def put_metric(name: str, value: float, *, lake: str) -> None:
    """Record one count of one lake under the framework's namespace: an account may hold several lakes."""
    metric = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": [[LAKE]], "Metrics": [{"Name": name, "Unit": "Count"}]}
            ],
        },
        LAKE: lake,
        name: value,
    }
    sys.stdout.write(json.dumps(metric) + "\n")
