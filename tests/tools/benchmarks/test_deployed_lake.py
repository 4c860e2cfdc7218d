"""The report of the benchmark on a deployed lake: requests, money, and phases of a profile."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.change_phase.workload import Workload
from benchmarks.deployed_lake.phases import MODULES, OUTSIDE, REST, Phase, cpu_by_phase
from benchmarks.deployed_lake.report import Measured, Report
from benchmarks.deployed_lake.requests_made import Window
from benchmarks.deployed_lake.warm_table import Landing
from scripts.idle_cost.pricing import PriceList

FUNCTIONS = {"odp-dev-Native": "native function", "odp-dev-FileManager": "File Manager"}
SOURCE = Path(__file__).parents[3] / "etl-repo" / "src"


def line(at: float, service: str, operation: str, session: str = "odp-dev-Native", **more: Any) -> dict[str, Any]:
    return {"at": at, "session": session, "service": service, "operation": operation, "status": 200, **more}


LINES = [
    line(1, "s3", "GET"),
    line(10, "s3", "GET"),
    line(11, "s3", "HEAD"),
    line(12, "s3", "PUT"),
    line(13, "s3", "DELETE"),
    line(14, "dynamodb", "Query", items=1),
    line(15, "dynamodb", "TransactWriteItems", items=3),
    line(16, "dynamodb", "UpdateItem", items=1, session="odp-dev-FileManager"),
    line(17, "glue", "UpdateTable"),
    line(18, "s3", "GET", session="somebody-else"),
    line(99, "s3", "GET"),
]


@pytest.fixture
def window(tmp_path: Path) -> Window:
    file = tmp_path / "requests.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in LINES))
    return Window.read(file, FUNCTIONS, since=10, until=20)


def test_requests_are_counted_by_function_service_and_operation_within_the_time(window: Window) -> None:
    assert window.counts() == {
        ("native function", "s3", "GET"): 1,
        ("native function", "s3", "HEAD"): 1,
        ("native function", "s3", "PUT"): 1,
        ("native function", "s3", "DELETE"): 1,
        ("native function", "dynamodb", "Query"): 1,
        ("native function", "dynamodb", "TransactWriteItems"): 1,
        ("native function", "glue", "UpdateTable"): 1,
        ("File Manager", "dynamodb", "UpdateItem"): 1,
    }


def test_items_of_a_transaction_cost_twice_and_deletes_in_s3_nothing(window: Window) -> None:
    prices = PriceList.read()
    assert window.usd("native function", prices) == pytest.approx(
        {
            "s3_read_request": 2 * prices.usd("s3_read_request"),
            "s3_write_request": prices.usd("s3_write_request"),
            "dynamodb_read_unit": prices.usd("dynamodb_read_unit"),
            "dynamodb_write_unit": 6 * prices.usd("dynamodb_write_unit"),
        }
    )


def test_report_has_figures_for_each_table_a_median_and_shares_of_the_whole(window: Window) -> None:
    call = {"at": 10.0, "seconds": 2.0, "cpu": 0.5, "cpu_before": 1.5, "peak_bytes": 200_000_000}
    executions = tuple(Measured(name, (0.1, 0.2, 3.0), (call, call), window) for name in ("load", "changes"))
    landings = tuple(Landing(0.1, seconds - 1, seconds) for seconds in (2.0, 9.0, 3.0))
    phases = (Phase("commit", 0.6), Phase("ledger", 0.2))
    report = Report(Workload("small", tables=2, rows=500, changes=50), executions, landings, phases)
    compute, requests, money, warm, profile = (list(figures.records) for figures in report.figures())
    assert [(row["CPU s"], row["MB"], row["changes / CPU s"]) for row in compute] == [(1.0, 200, 0), (1.0, 200, 100)]
    assert {row["for each table"] for row in requests} == {0.5}
    *lines, total = money
    assert total["what"] == "all"
    assert sum(float(row["USD for a million changes"]) for row in lines) == pytest.approx(
        total["USD for a million changes"]
    )
    assert warm[-1] == {"landing": "median", "registered": 0.1, "committed": 2.0, "readable": 3.0}
    assert [(row["phase"], round(float(row["%"]))) for row in profile] == [("commit", 75), ("ledger", 25)]


def test_time_of_a_library_belongs_to_the_phases_that_call_it() -> None:
    ledger, commit = (
        f"/code/{module}" for module in ("odp/dynamodb/run_log.py", "lake/tables/iceberg_native/commit.py")
    )
    start, record, write = ("main.py", 1, "handle"), (ledger, 1, "record"), (commit, 1, "commit")
    send, sign = ("botocore/client.py", 1, "send"), ("botocore/auth.py", 1, "sign")
    found = cpu_by_phase(
        {
            start: (1, 1, 1.0, 14.0, {}),
            record: (1, 1, 1.0, 7.0, {start: (1, 1, 1.0, 7.0)}),
            write: (1, 1, 4.0, 6.0, {start: (1, 1, 4.0, 6.0)}),
            send: (4, 4, 4.0, 8.0, {record: (3, 3, 3.0, 6.0), write: (1, 1, 1.0, 2.0)}),
            sign: (4, 4, 4.0, 4.0, {send: (4, 4, 4.0, 4.0)}),
        }
    )
    of_ledger, _, _, of_commit, *_ = MODULES
    assert found == pytest.approx({REST: 1.0, of_ledger: 1.0 + 3.0 + 3.0, of_commit: 4.0 + 1.0 + 1.0})
    assert OUTSIDE not in found


def test_every_phase_names_modules_that_exist() -> None:
    for modules in MODULES.values():
        assert all((SOURCE / module).exists() for module in modules)
