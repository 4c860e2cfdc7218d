"""Writes CloudWatch metrics as embedded metric format: a log line, no API call, no permission."""

from __future__ import annotations

import json
import sys
import time

NAMESPACE = "ODP"


def put_metric(name: str, value: float) -> None:
    """Record one count under the framework's namespace, without dimensions."""
    metric = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [{"Name": name, "Unit": "Count"}]}
            ],
        },
        name: value,
    }
    sys.stdout.write(json.dumps(metric) + "\n")
