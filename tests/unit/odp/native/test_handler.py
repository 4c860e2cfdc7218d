"""The function refreshes a batch of a plan under its own run id, by as many threads as its memory has room for."""

from typing import Any

import pytest
from odp.errors import RefreshFailedError
from odp.file_processor.planned_batch import BatchRun, RunEngine
from odp.file_processor.refresh_settings import RefreshSettings
from odp.native import handler
from odp.native.room import Room
from odp.native.table_writer import NativeTableWriter

from tests.function_call import CallContext

TEXTS = (
    "plan_bucket", "file_tracker_table", "file_tracker_history_table", "file_processing_tracker_table",
    "file_processing_tracker_history_table", "raw_table_config_table", "config_deploy_tracker_table",
    "quarantine_table",
)  # fmt: skip
NUMBERS = ("max_files_per_refresh", "max_bytes_per_refresh", "max_replayed_files", "history_days")
EVENT = {"plan_key": "odp/plans/c/e.json", "batch": "3"}


class Refreshes:
    """What the handler asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[RefreshSettings, BatchRun, RunEngine]] = []
        self.failure: Exception | None = None

    def __call__(self, settings: RefreshSettings, run: BatchRun, engine: RunEngine) -> list[Any]:
        self.asked.append((settings, run, engine))
        if self.failure:
            raise self.failure
        return ["outcome", "outcome"]


@pytest.fixture
def refreshes(monkeypatch: pytest.MonkeyPatch) -> Refreshes:
    environment = {
        "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "LAKE": "odp-dev", "SOURCES": "{}",
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "BUCKETS": '{"raw": "r", "staging": "s"}',
    }  # fmt: skip
    for name, value in (*environment.items(), *((name.upper(), name) for name in TEXTS)):
        monkeypatch.setenv(name, value)
    for number, name in enumerate(NUMBERS):
        monkeypatch.setenv(name.upper(), str(number))
    refreshes = Refreshes()
    monkeypatch.setattr(handler, "refresh_planned_batch", refreshes)
    return refreshes


def test_batch_of_the_plan_is_refreshed_under_the_id_of_the_call(refreshes: Refreshes) -> None:
    assert handler.handle(EVENT, CallContext(aws_request_id="ab-12")) == {"refreshed": 2}
    ((settings, run, _),) = refreshes.asked
    assert run == BatchRun("odp/plans/c/e.json", 3, "native-ab-12")
    assert {name: getattr(settings, name) for name in TEXTS} == {name: name for name in TEXTS}
    assert [getattr(settings, name) for name in NUMBERS] == [0, 1, 2, 3]


def test_batch_may_be_a_number_as_well(refreshes: Refreshes) -> None:
    handler.handle({**EVENT, "batch": 3}, CallContext())
    assert refreshes.asked[0][1].batch == 3


@pytest.mark.parametrize(("memory", "tables"), [(512, 1), (1024, 1), (2560, 2), (3008, 2), (4608, 4), (10_240, 4)])
def test_tables_at_a_time_are_those_for_which_there_is_memory(refreshes: Refreshes, memory: int, tables: int) -> None:
    handler.handle(EVENT, CallContext(memory_limit_in_mb=memory))
    assert refreshes.asked[0][2].at_a_time == tables


@pytest.mark.parametrize(("memory", "megabytes"), [(512, 256), (3008, 1376), (10_240, 2496)])
def test_tables_share_the_memory_that_the_process_leaves(refreshes: Refreshes, memory: int, megabytes: int) -> None:
    handler.handle(EVENT, CallContext(memory_limit_in_mb=memory))
    writer = refreshes.asked[0][2].writer
    assert isinstance(writer, NativeTableWriter)
    assert writer.room == Room(megabytes << 20)


@pytest.mark.parametrize(("milliseconds", "begins"), [(900_000, True), (300_000, True), (299_999, False)])
def test_a_table_begins_only_while_five_minutes_are_left(
    refreshes: Refreshes, milliseconds: int, *, begins: bool
) -> None:
    handler.handle(EVENT, CallContext(milliseconds=milliseconds))
    assert refreshes.asked[0][2].may_begin() is begins


def test_failed_tables_fail_the_call(refreshes: Refreshes) -> None:
    refreshes.failure = RefreshFailedError("1 of 2 tables failed (s.t)")
    with pytest.raises(RefreshFailedError, match="s.t"):
        handler.handle(EVENT, CallContext())
