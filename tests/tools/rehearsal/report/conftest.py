"""A report of two runs with figures that are easy to add up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.report.model import (
    AuditedFile,
    DemoReport,
    QuarantinedRow,
    Span,
    Stack,
    TaxiReport,
)
from rehearsal.report.runs import BatchRun, Run, TableRefresh
from rehearsal.validation.comparison import Difference, Reconciliation, TableComparison
from rehearsal.validation.taxi_results import ResultComparison

START = datetime(2021, 1, 5, 12, 0, 0, tzinfo=UTC)
At = Callable[[float], datetime]


@pytest.fixture
def at() -> At:
    """A moment so many seconds after the start."""
    return lambda seconds: START + timedelta(seconds=seconds)


def comparison(number: int) -> TableComparison:
    return TableComparison(f"table_{number}", 1_234, 1_234, f"{number:064x}", f"{number:064x}", 0, ())


@pytest.fixture
def report(at: At) -> DemoReport:
    full_load = Run(
        "full load",
        ("full", "full-codes"),
        (
            BatchRun(0, "jr_0123456789abcdef", at(10), at(40), "SUCCEEDED", "spark", "2 G.1X", 0.015),
            BatchRun(1, "native-f", at(12), at(50), "SUCCEEDED", "native", "1,769 MB", 0.0008),
        ),
        (
            TableRefresh("table_10", 1, at(20), at(30), inserted=700, updated=0, deleted=0, files=1),
            TableRefresh("table_2", 0, at(15), at(25), inserted=1_000, updated=0, deleted=0, files=2),
        ),
    )
    changes = Run(
        "changes",
        ("changes",),
        (BatchRun(0, "jr_c", at(60), at(80), "SUCCEEDED", "spark", "2 G.1X", 0.016),),
        (TableRefresh("table_2", 0, at(65), at(66), inserted=50, updated=30, deleted=20, files=3),),
    )
    return DemoReport(
        title="Data lake rehearsal",
        started=START,
        environment=(("Spark", "3.5.6"),),
        steps=(Span("Deploy", at(0), at(10)), Span("Full load", at(10), at(50)), Span("Changes", at(50), at(100))),
        stacks=(Stack("storage", 18, 1.5), Stack("odp", 44, 2.0)),
        runs=(full_load, changes),
        validation=Reconciliation((comparison(2), comparison(10))),
    )


@pytest.fixture
def failed_report(report: DemoReport) -> DemoReport:
    """The same with one value of table_2 that the lake has wrong."""
    difference = Difference("table_2", "17", "TIP_AMOUNT", "'<b>&'", "NULL")
    wrong = TableComparison("table_2", 1_234, 1_233, "a" * 64, "b" * 64, 1, (difference,))
    return replace(report, validation=Reconciliation((wrong, comparison(10))))


@pytest.fixture
def taxi() -> TaxiReport:
    """Two files, one with a malformed row, and a correct table of three rows."""
    return TaxiReport(
        files=(
            AuditedFile("nyc-taxi/yellow/a.csv", "completed", "2021-01-05T12:00:00Z", 100, 0),
            AuditedFile("nyc-taxi/yellow/b <1>.csv", "completed", "2021-01-05T12:00:03Z", 99, 1),
        ),
        quarantined=(QuarantinedRow("nyc-taxi/yellow/b <1>.csv", 51, "2,<soon>", "pickup: '<soon>' is not a time"),),
        broken_lines=frozenset({("nyc-taxi/yellow/b <1>.csv", 51)}),
        trips=199,
        expected_trips=199,
        comparisons=(ResultComparison("yellow_fares", 3, 3, ()),),
        demand=(("132", 9, 40), ("132", 10, 60), ("141", 9, 99)),
        days=(("2021-01-05", 150, 12.5), ("2021-01-06", 49, 9.75)),
    )
