"""The benchmark of planning, on backlogs of a moment: what it holds plans to, and what it counts."""

from typing import Any

import pytest

from benchmarks.batch_plan import growth
from benchmarks.batch_plan.backlog import Backlog, Scale
from rehearsal.emulator.process import Emulator


def test_requests_and_state_do_not_grow_with_tables_times_files(emulator: Emulator) -> None:
    small = growth.measure(emulator, "710000000001", Scale(tables=4, files=8))
    large = growth.measure(emulator, "710000000002", Scale(tables=40, files=80))
    assert small["DynamoDB requests"] == large["DynamoDB requests"] == 9  # each is one page, whatever is on it
    assert (small["batches"], large["batches"]) == (1, 8)
    assert int(large["state bytes"]) - int(small["state bytes"]) == len(", 1, 2, 3, 4, 5, 6, 7") + len(", 2" * 7)
    assert 0 < float(large["CPU s"]) < float(large["Lambda CPU s"])


def test_plan_that_leaves_a_table_out_is_refused(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_the_last(self: Backlog, plan_key: str) -> list[list[str]]:
        planned: list[list[str]] = read(self, plan_key)
        return [planned[0][:-1]]

    read: Any = Backlog.planned
    monkeypatch.setattr(Backlog, "planned", without_the_last)
    with pytest.raises(growth.IncompletePlanError, match="2 tables in 1 batches instead of 3 once each"):
        growth.measure(emulator, "710000000003", Scale(tables=3, files=3))
