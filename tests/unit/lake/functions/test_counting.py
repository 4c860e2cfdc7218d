"""A metric is a line of CloudWatch's embedded metric format, with the lake as its only dimension."""

import json
import time

import pytest

from lake.functions import count
from lake.metrics import Metric


def test_a_count_is_one_line_as_cloudwatch_reads_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE", "odp-dev")
    count(Metric.MISSED_FILES, 3)
    (line,) = capsys.readouterr().out.splitlines()
    written = json.loads(line)
    assert written["_aws"]["CloudWatchMetrics"] == [
        {"Namespace": "ODP", "Dimensions": [["Lake"]], "Metrics": [{"Name": "MissedFiles", "Unit": "Count"}]}
    ]
    assert abs(written["_aws"]["Timestamp"] / 1000 - time.time()) < 60
    assert (written["Lake"], written["MissedFiles"]) == ("odp-dev", [3])
