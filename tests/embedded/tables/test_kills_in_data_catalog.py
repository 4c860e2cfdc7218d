"""Native commits to the Data Catalog and S3 that break: at every call, between two writers, and by a lost answer."""

import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from lake.errors import CommitUnknownError, LeaseLostError, TableMovedError
from tests.unit.lake.iceberg_native.lake import (
    AFTER,
    BEFORE,
    CHANGES,
    NEW,
    ROWS,
    Lake,
    LakeTable,
    refresh,
)
from tests.unit.lake.iceberg_native.observed import Calls, Killed, ObservedIO, failing_at

OLD = {"odp.file_ids": '["f1"]'}


@pytest.fixture
def watched(lake: Lake) -> Lake:
    """The lake, each of whose calls of S3 and of the Data Catalog is a step."""
    lake.catalog.properties["py-io-impl"] = f"{ObservedIO.__module__}.{ObservedIO.__name__}"
    events = lake.catalog.glue.meta.events  # type: ignore[attr-defined]
    events.register("before-call.glue", lambda model, **_: Calls.happens(f"ask {model.name}"))
    events.register("after-call.glue", lambda model, **_: Calls.happens(f"answer of {model.name}"))
    return lake


def is_new(table: LakeTable) -> bool:
    """Whether the table has the change, whole and with its proof, as pyiceberg alone reads it; else it has nothing."""
    rows = table.rows()
    assert rows in (BEFORE, AFTER)
    assert table.commit().proof == (NEW if rows == AFTER else OLD)
    return rows == AFTER


def test_rule_8_run_that_is_killed_at_any_call_leaves_a_whole_table_and_the_next_run_ends_right(watched: Lake) -> None:
    table = watched.table()
    table.change(ROWS, proof=OLD)
    with Calls.watched() as seen:
        refresh(table)
    names = [*seen]
    assert {"write data", "write manifest", "write list", "write metadata", "answer of GetTable"} < set(names)
    landed = []
    for number, name in enumerate(names):
        table = watched.table()
        table.change(ROWS, proof=OLD)
        with pytest.raises(Killed), Calls.watched(failing_at(number, Killed())):
            refresh(table)
        has_landed = is_new(table)
        landed += [name] if has_landed else []
        assert refresh(table) == ("found in the table" if has_landed else "applied")
        assert is_new(table)
    assert landed == ["answer of UpdateTable"]


def test_run_that_is_killed_while_it_makes_the_table_leaves_none_or_all(watched: Lake) -> None:
    with Calls.watched() as seen:
        watched.table().change(ROWS, proof=OLD)
    for number, name in enumerate([*seen]):
        table = watched.table()
        with pytest.raises(Killed), Calls.watched(failing_at(number, Killed())):
            table.change(ROWS, proof=OLD)
        assert (table.native.existing() is not None) is (name == "answer of CreateTable")
        if table.native.existing() is None:
            table.change(ROWS, proof=OLD)
        assert (table.rows(), table.commit().proof) == (BEFORE, OLD)


def losing_answers(lake: Lake, operation: str, count: int) -> None:
    """Let the Data Catalog do what it is asked, and the next answers get lost; boto3 asks again."""
    left = iter(range(count))

    def lose(request: Any, **_: Any) -> None:
        if next(left, None) is None:
            return
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        sent = urllib.request.Request(request.url, body, dict(request.headers.items()), method=request.method)  # noqa: S310
        urllib.request.urlopen(sent).read()  # noqa: S310 - the emulator
        raise ReadTimeoutError(endpoint_url=request.url)

    lake.catalog.glue.meta.events.register(f"before-send.glue.{operation}", lose)  # type: ignore[attr-defined]


def test_trap_t1_update_whose_answer_was_lost_and_which_boto3_sends_again_is_success(loaded: LakeTable) -> None:
    losing_answers(loaded.lake, "UpdateTable", 1)
    assert refresh(loaded) == "applied"
    assert loaded.rows() == AFTER
    assert loaded.commit().proof == NEW


def test_trap_t1_creation_whose_answer_was_lost_is_success(table: LakeTable) -> None:
    losing_answers(table.lake, "CreateTable", 1)
    table.change(ROWS, proof=OLD)
    assert table.rows() == BEFORE


def test_trap_t1_table_that_cannot_be_read_after_a_lost_answer_leaves_the_outcome_open(watched: Lake) -> None:
    table = watched.table()
    table.change(ROWS, proof=OLD)
    seen: list[str] = []

    def at(what: str) -> None:
        seen.append(what)
        if "answer of UpdateTable" in seen:
            raise ReadTimeoutError(endpoint_url=what)

    with pytest.raises(CommitUnknownError), Calls.watched(at):
        refresh(table)
    assert refresh(table) == "found in the table"
    assert table.rows() == AFTER


def test_run_that_lost_its_lease_commits_nothing(loaded: LakeTable) -> None:
    def lost() -> None:
        raise LeaseLostError

    with pytest.raises(LeaseLostError):
        loaded.change(CHANGES, proof=NEW, check_lease=lost)
    assert loaded.rows() == BEFORE


def test_run_that_is_paused_after_the_check_of_its_lease_is_refused_by_the_catalog(watched: Lake) -> None:
    """Whichever call it is paused before: another run has the lease and commits meanwhile."""
    for paused_before in ("ask GetTable", "write metadata", "ask UpdateTable"):
        table = watched.table()
        table.change(ROWS)
        is_checked: list[bool] = []

        def at(what: str, before: str = paused_before, table: LakeTable = table, checked: Any = is_checked) -> None:
            if checked and what == before:
                checked.clear()
                table.change([("I", 9, 90, None)], proof={"odp.file_ids": '["other"]'}, fence=2)

        with pytest.raises(TableMovedError), Calls.watched(at):
            table.change(CHANGES, proof=NEW, fence=1, check_lease=partial(is_checked.append, True))
        assert table.rows("ID") == [(1,), (2,), (3,), (9,)]
        assert table.commit().proof == {"odp.file_ids": '["other"]'}


def test_two_writers_at_once_one_wins_and_the_next_run_of_the_other_is_right(loaded: LakeTable) -> None:
    for number in range(4):
        both = threading.Barrier(2)
        outcomes: dict[int, str] = {}

        def write(key: int, meet: Any = both, outcomes: dict[int, str] = outcomes, number: int = number) -> None:
            try:
                loaded.change([("I", key, number, None)], proof={"odp.file_ids": f'["{key}"]'}, check_lease=meet.wait)
                outcomes[key] = "committed"
            except TableMovedError:
                outcomes[key] = "refused"

        keys = (100 + 2 * number, 101 + 2 * number)
        threads = [threading.Thread(target=write, args=[key]) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes.values()) == ["committed", "refused"]
        (winner,) = (key for key, outcome in outcomes.items() if outcome == "committed")
        (other,) = set(keys) - {winner}
        assert loaded.commit().proof == {"odp.file_ids": f'["{winner}"]'}
        assert other not in [key for (key,) in loaded.rows("ID")]
        loaded.change([("I", other, number, None)])
    assert [key for (key,) in loaded.rows("ID")] == [1, *range(100, 108), 2, 3]


def test_readers_never_see_half_a_commit(loaded: LakeTable) -> None:
    """Each commit sets all rows to its number and moves them to other partitions."""
    names = ("a", "b", None)
    loaded.change([("D", 1, None, None), ("D", 2, None, None), ("D", 3, None, None)])
    loaded.change([("I", key, 0, names[0]) for key in range(6)])
    ended = threading.Event()

    def read() -> set[int]:
        seen: set[int] = set()
        while not ended.is_set():
            rows = loaded.rows("ID", "V")
            assert [key for key, _ in rows] == list(range(6))
            (value,) = {value for _, value in rows}
            seen.add(value)
        return seen

    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read)
        try:
            for number in range(1, 13):
                loaded.change([("U", key, number, names[(key + number) % 3]) for key in range(6)])
        finally:
            ended.set()
        assert reading.result() <= set(range(13))


def test_trap_t9_table_that_is_dropped_and_made_again_before_the_commit_is_not_taken_for_the_former(
    watched: Lake,
) -> None:
    table = watched.table()
    table.change(ROWS)

    def made_again() -> None:
        watched.reader.drop_table(("lake", table.definition.name))
        table.change([("I", 7, 70, "east")])

    with pytest.raises(TableMovedError):
        table.change(CHANGES, proof=NEW, check_lease=made_again)
    assert table.rows() == [(7, 70, "east")]
