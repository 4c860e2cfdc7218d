"""What the run log of the deployed lake says of all refreshes: engines, and failures that only a defect explains."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rehearsal.torture.check import Finding, Kind
from rehearsal.torture.trial import Problem

Item = Mapping[str, Any]
_DEFECTS = (
    "AssertionError",
    "AttributeError",
    "IndexError",
    "KeyError",
    "NameError",
    "NotImplementedError",
    "TypeError",
    "UnboundLocalError",
    "ZeroDivisionError",
)
"""No fault of a history raises these."""


def defects(items: Sequence[Item]) -> Iterator[Problem]:
    """Each refresh that failed by a defect, or was left to Spark by one."""
    for item in items:
        for reason in _reasons(item):
            if reason.partition(":")[0] in _DEFECTS:
                table = str(item["raw_table_name"]).rpartition(".")[2]
                yield Problem(table, Finding(Kind.DEFECT, f"{item['engine']}: {reason}"))


def endings(items: Sequence[Item]) -> Counter[tuple[str, str]]:
    """How often refreshes of each engine ended in which way: completed, left to Spark, or by which error."""
    return Counter((str(item["engine"]), _ending(item)) for item in items)


def _ending(item: Item) -> str:
    if item.get("beyond_engine"):
        return "left to Spark"
    error = str(item.get("error_message", "")).partition(":")[0]
    return error or str(item["refresh_status"])


def _reasons(item: Item) -> Iterator[str]:
    for field in ("error_message", "beyond_engine"):
        if reason := str(item.get(field, "")):
            yield reason
