"""Histories of the tester on a real database: the files agree, and a stand-in that is wrong would be found."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from pymysqlreplication.row_event import DeleteRowsEvent

from rehearsal.dms import change_stream
from rehearsal.dms.log import RowChange
from rehearsal.dms.mysql import binlog
from rehearsal.torture.histories import Act, Step, Story, story
from rehearsal.torture.real_source.campaign import differences
from rehearsal.torture.real_source.engines import ENGINES, RealEngine, connected


def running(name: str) -> Iterator[RealEngine]:
    with ENGINES[name][0]() as server, connected(name, server) as engine:
        yield engine


@pytest.fixture(scope="module")
def server() -> Iterator[RealEngine]:
    yield from running("mariadb")


@pytest.fixture(scope="module", params=["mariadb", pytest.param("postgres", marks=pytest.mark.slow)])
def either(request: pytest.FixtureRequest) -> Iterator[RealEngine]:
    yield from running(request.param)


def with_acts(seed: int, *acts: Act) -> Story:
    """One table of a seed, and these acts."""
    return Story(seed, 1, tuple(Step(act, 0, seed * 100 + number) for number, act in enumerate(acts)))


ALL_ACTS = (
    Act.CHANGE, Act.FLUSH, Act.LOAD, Act.CHANGE, Act.CHANGE_KEY, Act.FLUSH, Act.ADD_COLUMN, Act.CHANGE, Act.WIDEN,
    Act.CHANGE, Act.FLUSH, Act.REWIND, Act.FLUSH, Act.TRUNCATE, Act.CHANGE, Act.LOAD, Act.RESTART, Act.CHANGE,
    Act.FLUSH, Act.CREATE_AGAIN, Act.CHANGE, Act.CHANGE_KEY, Act.FLUSH,
)  # fmt: skip


def test_the_stand_in_writes_what_the_tester_claims(either: RealEngine) -> None:
    compared: Counter[str] = Counter()
    for seed in range(4):
        found, counts = differences(either, with_acts(seed, *ALL_ACTS))
        assert found == []
        compared += counts
    assert min(compared[f"rows of {what}"] for what in ("loads", "changes")) > 30
    assert compared["repeated changes"] > 0


@pytest.mark.slow
def test_whole_histories_agree_too(either: RealEngine) -> None:
    for seed in range(30):
        assert differences(either, story(seed))[0] == [], seed


def of_defect(server: RealEngine) -> str:
    """What is found in histories with and without before-images, by one task and by two."""
    acts = ALL_ACTS[:13]
    return "\n".join(line for seed in range(3) for line in differences(server, with_acts(seed, *acts))[0])


def test_a_lost_before_image_is_found(server: RealEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(self: Any, *given: Any) -> Any:
        return (RowChange(row.operation, row.after) for row in original(self, *given))

    original = binlog.LoggedRows.rows
    monkeypatch.setattr(binlog.LoggedRows, "rows", without)
    assert "the rows of changes: the tester claims [" in of_defect(server)


@pytest.mark.slow
def test_a_wrong_operation_is_found(server: RealEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(binlog._LETTERS, DeleteRowsEvent, "I")
    assert "the rows of changes" in of_defect(server)


@pytest.mark.slow
def test_another_type_is_found(server: RealEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(server.PARQUET_TYPES, "int", pa.int64())
    assert "the columns: the tester claims" in of_defect(server)


def test_lost_and_repeated_changes_are_found(server: RealEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    original = change_stream.ChangeStream._take_changes

    def twice(self: Any, table: Any, changes: Any, transaction: Any) -> None:
        original(self, table, changes, transaction)
        original(self, table, changes, transaction)

    monkeypatch.setattr(change_stream.ChangeStream, "_take_changes", twice)
    assert "the rows of changes" in of_defect(server)
    monkeypatch.setattr(change_stream.ChangeStream, "_take_changes", lambda *_: None)
    assert "DMS's stand-in has []" in of_defect(server)
