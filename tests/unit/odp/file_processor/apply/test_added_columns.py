"""Columns that changes bring: rows from before them have NULL, and the run says so until a load replaces them."""

import logging
import shlex
from dataclasses import replace

import pytest
from odp.file_processor.apply.commit_proof import (
    TableContent,
    proof_of_content,
    proof_of_refresh,
    read_content,
)
from odp.file_processor.apply.decided_refresh import DecidedRefresh
from odp.records import FileType, LandedFile, RowHistory
from odp.refresh import RefreshKind, RefreshPlan, TableState

from lake.tables.change import StoredTable
from lake.tables.columns import BIGINT, Columns
from tests.unit.odp.file_processor.refresh_world import CONFIG, file, killed, world
from tests.unit.odp.samples import table_config

STATE = TableState(1)
LOAD, FIRST, SECOND = "LOAD00000001", "20260101-000000001", "20260101-000000002"


def landed(name: str) -> LandedFile:
    kind = FileType.FULL_LOAD if name.startswith("LOAD") else FileType.CHANGES
    return LandedFile("s.t", name, kind, "s", "t", "staging", f"s/t/{name}.parquet", 1, "", "2026-01-01T00:00:00Z")


def columns(*names: str) -> Columns:
    return dict.fromkeys(("ID", *names), BIGINT)


def stored(*names: str, added: tuple[str, ...] = ()) -> StoredTable:
    content = TableContent("LOAD00000001.parquet", f"{FIRST}.parquet", "/L1", added_columns=added)
    proof = proof_of_refresh(RefreshPlan(RefreshKind.INITIAL, (), (), STATE)) | proof_of_content(content)
    return StoredTable("1", columns("Op", *names), proof)


def added(
    kind: RefreshKind,
    before: StoredTable | None,
    files: dict[str, Columns],
    history: RowHistory = RowHistory.LATEST,
) -> tuple[str, ...]:
    """What the commit of a refresh says of added columns."""
    plan = RefreshPlan(kind, tuple(landed(name) for name in files), (), STATE)
    decided = DecidedRefresh(table_config(history=history), plan, before)
    named = {} if decided.is_emptied else decided.named(files)
    return read_content(decided.proof("/L1", named, None)).added_columns


def test_a_column_that_changes_bring_is_added_since_rows_from_before_have_null_in_it() -> None:
    assert added(RefreshKind.CHANGES, stored("A"), {SECOND: columns("Op", "A", "B", "C")}) == ("B", "C")


@pytest.mark.parametrize(
    ("kind", "before", "files", "expected"),
    [
        pytest.param("changes", stored("A"), {SECOND: columns("Op", "A")}, (), id="nothing new"),
        pytest.param("changes", stored("A"), {SECOND: columns("Op")}, (), id="a column was dropped"),
        pytest.param("initial", None, {LOAD: columns("A")}, (), id="the first load"),
        pytest.param("initial", None, {LOAD: columns(), FIRST: columns("Op", "A")}, ("A",), id="changes after a load"),
        pytest.param("initial", None, {FIRST: columns("Op", "A")}, (), id="no load, and one file"),
        pytest.param(
            "initial", None, {FIRST: columns("Op"), SECOND: columns("Op", "A")}, ("A",), id="no load, the second file"
        ),
        pytest.param("reload", stored("A"), {LOAD: columns("A", "B")}, (), id="a load that replaces the table"),
        pytest.param(
            "reload", stored(), {LOAD: columns("B"), SECOND: columns("Op", "B")}, (), id="a load and its changes"
        ),
        pytest.param(
            "reload", stored("B"), {LOAD: columns(), SECOND: columns("Op", "B")}, ("B",), id="added after the load"
        ),
        pytest.param("changes", stored(), {LOAD: columns("B"), SECOND: columns("Op", "B")}, (), id="a late part"),
    ],
)
def test_a_column_is_added_only_if_rows_from_before_it_have_no_value(
    kind: str, before: StoredTable | None, files: dict[str, Columns], expected: tuple[str, ...]
) -> None:
    assert added(RefreshKind(kind), before, files) == expected


def test_columns_of_the_framework_are_none_of_the_source() -> None:
    """The first changes bring the operation, if the load has none."""
    assert added(RefreshKind.INITIAL, None, {LOAD: columns("A"), FIRST: columns("Op", "A")}) == ()


def test_an_added_column_is_told_until_a_load_gives_its_rows_a_value() -> None:
    before = stored("A", "B", added=("B",))
    assert added(RefreshKind.CHANGES, before, {SECOND: columns("Op", "A", "B")}) == ("B",)
    assert added(RefreshKind.CHANGES, before, {SECOND: columns("Op", "A", "B", "C")}) == ("B", "C")
    assert added(RefreshKind.RELOAD, before, {LOAD: columns("A", "B")}) == ()
    assert added(RefreshKind.RELOAD, before, {LOAD: columns("A", "B")}, RowHistory.ALL) == ()
    assert added(RefreshKind.EMPTY, before, {}) == ()


def test_a_commit_of_an_earlier_release_says_nothing_of_added_columns() -> None:
    content = proof_of_content(TableContent("LOAD00000001.parquet"))
    assert read_content({name: text.replace('"added_columns": [], ', "") for name, text in content.items()}) == (
        TableContent("LOAD00000001.parquet")
    )


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    caplog.clear()
    return found


def test_a_run_says_once_and_records_until_the_load_which_columns_and_which_commands(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lake = world(1, added_columns=("rate",))
    advice = lake.refreshed().advice
    assert "rows from before have NULL in rate" in advice
    assert "odp replication stop --source default" in advice
    assert "odp replication reload --all --source default" in advice
    assert warnings(caplog) == [f"db.t: {advice}"]
    lake.pending["f2"] = file(2)
    assert lake.refreshed("run-2").advice == advice
    assert warnings(caplog) == [], "it is no news any more"
    lake.added_columns = ()
    lake.pending["f3"] = file(3)
    assert lake.refreshed("run-3").advice == ""


def test_a_run_that_finds_nothing_to_do_keeps_what_the_table_says() -> None:
    lake = world(1, added_columns=("rate",))
    first = lake.refreshed()
    assert lake.refreshed("run-2").advice == first.advice


@pytest.mark.parametrize("step", ["catalog", "run_log"])
def test_the_next_run_says_what_one_that_died_after_its_commit_did_not(
    step: str, caplog: pytest.LogCaptureFixture
) -> None:
    lake = world(1, added_columns=("rate",))
    killed(lake, step)
    caplog.clear()
    assert "NULL in rate" in lake.refreshed("next").advice
    assert [text for text in warnings(caplog) if "NULL in rate" in text]


def test_the_commands_name_the_source_of_the_table_and_many_columns_are_cut() -> None:
    many = tuple(f"column_{number}" for number in range(1000))
    lake = world(1, added_columns=many)
    advice = lake.refreshed(config=replace(CONFIG, source_table_name="erp:s.t")).advice
    assert "--source erp" in advice
    assert "and 990 more" in advice
    assert len(advice) < 1000
    assert shlex.split(advice.partition("odp replication stop")[2])
