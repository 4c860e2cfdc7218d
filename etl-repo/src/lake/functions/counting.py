"""Writes metrics in CloudWatch's embedded metric format: a log line, no API call, no permission."""

from __future__ import annotations

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from lake.metrics import LAKE, NAMESPACE, Metric
from lake.variables import Variables


def count(metric: Metric, value: int = 1) -> None:
    """Count something of this function's lake; it is written at once, so a later failure of the call loses nothing."""
    with single_metric(
        name=metric.value,
        unit=MetricUnit.Count,
        value=value,
        namespace=NAMESPACE,
        default_dimensions={LAKE: Variables.read().lake},
    ):
        pass
