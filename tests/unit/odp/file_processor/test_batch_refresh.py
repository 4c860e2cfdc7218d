"""Rules 9 and 12: tables are islands, several are refreshed at a time, and a failure is never silent."""

import threading
import time

import pytest
from odp.errors import RefreshFailedError, UnrecordedFailureError
from odp.file_processor.batch_refresh import refresh_batch
from odp.refresh import RefreshOutcome, RefreshStatus


def outcome(name: str, status: RefreshStatus = RefreshStatus.COMPLETED, error: str = "") -> RefreshOutcome:
    return RefreshOutcome(f"db.{name}", name, status, "t0", "t1", error=error)


def test_failing_table_leaves_the_others_refreshed_and_then_fails_the_run_by_name() -> None:
    """Defect 12 of the reference: a failing table ended the loop, and the job said that it had succeeded."""
    refreshed: list[str] = []

    def refresh(name: str) -> RefreshOutcome:
        if name == "s.b":
            return outcome(name, RefreshStatus.ERROR, "RuntimeError: broken")
        refreshed.append(name)
        return outcome(name)

    with pytest.raises(RefreshFailedError, match=r"1 of 3 tables failed \(s.b\): s.b: RuntimeError: broken"):
        refresh_batch(["s.a", "s.b", "s.c"], refresh, at_a_time=1)
    assert refreshed == ["s.a", "s.c"]


def test_table_that_cannot_even_begin_fails_alone() -> None:
    def refresh(name: str) -> RefreshOutcome:
        if name == "s.a":
            raise KeyError("no configuration")
        return outcome(name)

    expected = r"^1 of 2 tables failed and left nothing in the run log \(s.a\): s.a: KeyError"
    with pytest.raises(UnrecordedFailureError, match=expected):
        refresh_batch(["s.a", "s.b"], refresh, at_a_time=2)


def test_unrecorded_failure_is_named_before_recorded_ones() -> None:
    def refresh(name: str) -> RefreshOutcome:
        if name == "s.c":
            raise ConnectionError("no way to the leases")
        return outcome(name, RefreshStatus.ERROR, "RuntimeError: broken")

    expected = (
        r"^1 of 3 tables failed and left nothing in the run log \(s.c\); 2 of 3 tables failed \(s.a, s.b\): "
        "s.c: ConnectionError"
    )
    with pytest.raises(UnrecordedFailureError, match=expected):
        refresh_batch(["s.a", "s.b", "s.c"], refresh, at_a_time=2)


def test_table_held_by_another_run_is_no_failure() -> None:
    outcomes = refresh_batch(["s.a", "s.b"], lambda name: outcome(name) if name == "s.a" else None, at_a_time=2)
    assert [done.source_table_name for done in outcomes] == ["s.a"]


@pytest.mark.timeout(20)
def test_rule_12_as_many_tables_as_there_are_slots_are_refreshed_at_the_same_time() -> None:
    both_at_work = threading.Barrier(2, timeout=10)

    def refresh(name: str) -> RefreshOutcome:
        both_at_work.wait()
        return outcome(name)

    assert len(refresh_batch(["s.a", "s.b", "s.c", "s.d"], refresh, at_a_time=2)) == 4


@pytest.mark.timeout(20)
def test_rule_12_no_more_tables_than_slots_are_refreshed_at_the_same_time() -> None:
    at_work, most, guard = 0, 0, threading.Lock()
    as_many_as_slots = threading.Barrier(3, timeout=10)

    def refresh(name: str) -> RefreshOutcome:
        nonlocal at_work, most
        with guard:
            at_work += 1
            most = max(most, at_work)
        as_many_as_slots.wait()
        time.sleep(0.002)  # a fourth one would begin meanwhile
        with guard:
            at_work -= 1
        return outcome(name)

    outcomes = refresh_batch([f"s.t{number}" for number in range(21)], refresh, at_a_time=3)
    assert (len(outcomes), most) == (21, 3)
