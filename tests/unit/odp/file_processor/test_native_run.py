"""What a run records of its engine, and what becomes of a table that is beyond the native engine."""

import pyarrow as pa
import pytest
from odp.file_processor.selection.late_files import Limits
from odp.refresh import RefreshStatus, RowCounts

from lake.errors import BeyondEngineError, RejectedInputError, TableMovedError
from lake.tables.capabilities import Engine
from lake.tables.size import TableSize
from tests.unit.odp.file_processor.refresh_world import world

SIZE = TableSize(rows=5, bytes=6, files=7)


@pytest.mark.parametrize(("run", "engine"), [("jr_1", Engine.SPARK), ("native-1", Engine.NATIVE)])
def test_outcome_says_the_engine_of_its_run_and_the_record_the_size_of_the_table(run: str, engine: Engine) -> None:
    lake = world(1, size=SIZE)
    outcome = lake.refreshed(run)
    assert (outcome.engine, outcome.beyond_engine, outcome.status) == (engine, "", RefreshStatus.COMPLETED)
    assert lake.recorded[-1].size == SIZE


def test_size_is_known_to_a_run_that_writes_nothing_because_the_table_says_it() -> None:
    lake = world(1, size=SIZE)
    lake.refresh()
    lake.refresh()
    assert (len(lake.commits), lake.recorded[-1].size) == (1, SIZE)
    empty = world()
    empty.refresh()
    assert empty.recorded[-1].size is None


@pytest.mark.parametrize("failure", [BeyondEngineError, MemoryError])
def test_table_beyond_the_native_engine_is_left_to_spark_with_all_its_files_and_nothing_half_written(
    failure: type[Exception],
) -> None:
    lake = world(1, 2, fail_at="write", fail_as=failure, fail_with="")
    outcome = lake.refreshed("native-1")
    assert (outcome.status, outcome.error, outcome.stack_trace) == (RefreshStatus.COMPLETED, "", "")
    assert (outcome.engine, outcome.beyond_engine) == (Engine.NATIVE, f"{failure.__name__}: write failed")
    assert (lake.commits, sorted(lake.pending), lake.history, lake.owner) == ([], ["f1", "f2"], {}, None)
    assert (outcome.files, outcome.counts) == (0, RowCounts())


@pytest.mark.parametrize("failure", [pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError, AssertionError])
def test_defect_of_the_native_engine_fails_the_run_and_gives_the_table_to_spark(failure: type[Exception]) -> None:
    """Or `auto` would choose the engine again, which fails again, and the table would stand still."""
    lake = world(1, fail_at="write", fail_as=failure, fail_with="")
    outcome = lake.refreshed("native-1")
    assert outcome.status is RefreshStatus.ERROR
    assert outcome.beyond_engine == outcome.error
    assert outcome.is_left_to_spark
    assert not lake.recorded[-1].comes_again


@pytest.mark.parametrize("failure", [TableMovedError, RejectedInputError, ConnectionError])
def test_failure_that_is_no_defect_leaves_the_table_to_its_engine(failure: type[Exception]) -> None:
    lake = world(1, fail_at="write", fail_as=failure, fail_with="")
    assert not lake.refreshed("native-1").is_left_to_spark


def test_defect_in_a_run_of_spark_leaves_nothing_to_spark() -> None:
    lake = world(1, fail_at="write", fail_as=KeyError, fail_with="")
    outcome = lake.refreshed("jr_1")
    assert (outcome.status, outcome.beyond_engine) == (RefreshStatus.ERROR, "")


@pytest.mark.parametrize(
    ("failure", "comes_again"),
    [
        (BeyondEngineError("a reload"), False),
        (BeyondEngineError("3 GB to write again", comes_again=True), True),
        (MemoryError(), True),
    ],
)
def test_record_says_whether_the_reason_would_come_again(failure: Exception, comes_again: bool) -> None:
    lake = world(1)

    def fail(*_: object) -> None:
        raise failure

    lake.apply = fail  # type: ignore[method-assign, assignment]
    assert lake.refreshed("native-1").is_left_to_spark
    assert lake.recorded[-1].comes_again is comes_again


def test_what_a_native_run_committed_before_it_left_the_rest_is_recorded() -> None:
    lake = world(1, 2, limits=Limits(files=1))
    apply = lake.apply

    def apply_one(*arguments: object) -> object:
        if lake.commits:
            raise BeyondEngineError("too many rows")
        return apply(*arguments)  # type: ignore[arg-type]

    lake.apply = apply_one  # type: ignore[method-assign, assignment]
    outcome = lake.refreshed("native-1")
    assert (outcome.files, outcome.is_left_to_spark) == (1, True)
    assert (sorted(lake.pending), sorted(lake.history)) == (["f2"], ["f1"])


def test_run_without_time_for_one_more_commit_completes_and_leaves_the_other_files_pending() -> None:
    """Lambda kills a function after a quarter of an hour, and each table in flight goes to Spark for a day."""
    lake = world(1, 2, 3, 4, 5, limits=Limits(files=1), time_for_commits=2)
    outcome = lake.refreshed("native-1")
    assert (outcome.status, outcome.error, outcome.is_left_to_spark) == (RefreshStatus.COMPLETED, "", False)
    assert (outcome.files, outcome.counts, len(lake.commits)) == (2, RowCounts(inserted=2), 2)
    assert (sorted(lake.history), sorted(lake.pending)) == (["f1", "f2"], ["f3", "f4", "f5"])
    assert (lake.owner, lake.recorded[-1].closes, lake.catalog) == (None, True, 2)


def test_next_runs_continue_where_the_time_was_over_and_each_makes_one_commit_at_least() -> None:
    lake = world(1, 2, 3, limits=Limits(files=1), time_for_commits=0)
    for run in range(1, 4):
        assert lake.refreshed(f"native-{run}").files == 1
    assert (sorted(lake.history), lake.pending) == (["f1", "f2", "f3"], {})
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1"], ["f2"], ["f3"]]


@pytest.mark.parametrize("failure", [BeyondEngineError, MemoryError])
def test_spark_has_nobody_to_leave_a_table_to(failure: type[Exception]) -> None:
    lake = world(1, fail_at="write", fail_as=failure, fail_with="")
    outcome = lake.refreshed("jr_1")
    assert (outcome.status, outcome.beyond_engine) == (RefreshStatus.ERROR, "")
    assert outcome.error == f"{failure.__name__}: write failed"


def test_other_failures_of_a_native_run_are_failures() -> None:
    lake = world(1, fail_at="write")
    outcome = lake.refreshed("native-1")
    assert (outcome.status, outcome.engine, outcome.is_left_to_spark) == (RefreshStatus.ERROR, Engine.NATIVE, False)


def test_spark_run_that_follows_says_why_the_table_was_left_to_it_and_a_native_one_does_not() -> None:
    reason = "the run native-1 ended without recording its end"
    assert world(1, beyond_engine=reason).refreshed("jr_1").beyond_engine == reason
    assert world(1, beyond_engine=reason).refreshed("native-2").beyond_engine == ""
