"""Tables wait for each other by what a run may grow to, not by what it begins with."""

from typing import Any, cast

import pytest

from lake.spark_session import task_slots


class Session:
    """As Spark answers: `None` for a setting that nobody made, if asked for that."""

    def __init__(self, parallelism: int, settings: dict[str, str]) -> None:
        self.defaultParallelism = parallelism
        self.sparkContext = self
        self.conf = settings


AUTO_SCALED = {"spark.dynamicAllocation.enabled": "true", "spark.dynamicAllocation.maxExecutors": "9"}


@pytest.mark.parametrize(
    ("parallelism", "settings", "slots"),
    [
        (8, {}, 8),
        (0, {}, 1),
        (8, {"spark.dynamicAllocation.enabled": "false", "spark.dynamicAllocation.maxExecutors": "9"}, 8),
        (2, AUTO_SCALED | {"spark.executor.cores": "4"}, 36),
        (2, AUTO_SCALED, 9),
        (4, {"spark.dynamicAllocation.enabled": "true"}, 4),
    ],
)
def test_auto_scaled_run_has_the_slots_of_all_executors_that_it_may_get(
    parallelism: int, settings: dict[str, str], slots: int
) -> None:
    """A run that begins with one executor of auto-scaling refreshed two tables at a time, and never asked for more."""
    assert task_slots(cast("Any", Session(parallelism, settings))) == slots
