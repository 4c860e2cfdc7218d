"""Bad luck ends with one clear message, a non-zero exit code, and nothing left; a difference keeps the lake."""

import errno
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from rehearsal.cli import app
from rehearsal.demo.demo import Demo, DemoOptions
from rehearsal.demo.failures import DemoError, ExplainedError
from rehearsal.demo.inputs import Inputs
from rehearsal.demo.workspace import Workspace
from rehearsal.deployment.deployer import DeploymentError
from rehearsal.report.model import DemoReport
from rehearsal.source.generator import generate_trips
from rehearsal.validation.comparison import Reconciliation, compare
from tests.tools.rehearsal.demo.outcomes import RunDemo, assert_clear, assert_nothing_left, fails_with


def full_database() -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("PRAGMA max_page_count = 1")
        connection.execute("CREATE TABLE t (a)")


@pytest.mark.parametrize(
    "failure",
    [
        fails_with(OSError(errno.ENOSPC, "No space left on device", "somewhere")),
        fails_with(OSError(errno.EDQUOT, "Disk quota exceeded")),
        full_database,
    ],
)
def test_disk_that_fills_up_on_the_way_is_told_as_such(
    failure: Callable[[], object], run_demo: RunDemo, folder: Path, step_that: Callable[..., None]
) -> None:
    step_that(failure)
    assert_clear(run_demo(), "Failed: the disk is full; make room and start again")
    assert_nothing_left(folder)


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_demo_says_so_and_leaves_nothing(
    number: signal.Signals, exit_code: int, run_demo: RunDemo, folder: Path, step_that: Callable[..., None]
) -> None:
    step_that(lambda: os.kill(os.getpid(), number))
    assert_clear(run_demo(), "Interrupted. Nothing is left running.", exit_code)
    assert_nothing_left(folder)


def test_message_with_brackets_is_printed_as_it_is(run_demo: RunDemo, step_that: Callable[..., None]) -> None:
    step_that(fails_with(DeploymentError("s", resource="r", resource_type="t", reason="[/red] is [not] markup")))
    assert_clear(run_demo(), "Failed: s: r (t): [/red] is [not] markup")


def test_unknown_error_keeps_its_traceback_and_leaves_nothing_all_the_same(
    run_demo: RunDemo, folder: Path, step_that: Callable[..., None]
) -> None:
    step_that(fails_with(ZeroDivisionError("a bug")))
    result = run_demo()
    assert isinstance(result.exception, ZeroDivisionError)
    assert_nothing_left(folder)


@pytest.mark.parametrize(("options", "is_kept"), [([], False), (["--keep-failed"], True)])
def test_failed_run_shows_what_its_logs_say_and_is_kept_only_on_request(
    options: list[str], is_kept: bool, run_demo: RunDemo, folder: Path, step_that: Callable[..., None]
) -> None:
    log = folder / "lake" / "emulator" / "logs" / "glue" / "job" / "jr_1.log"

    def fail() -> None:
        log.parent.mkdir(parents=True)
        log.write_text("Traceback (most recent call last):\n  File 'x', line 1\nValueError: of [the] job\n")
        raise DemoError("the execution failed")

    step_that(fail)
    result = run_demo(*options)
    assert result.exit_code == 1
    assert result.output.splitlines()[-3:] == [
        "glue/job/jr_1.log says:",
        "  ValueError: of [the] job",
        "Failed: the execution failed",
    ]
    assert log.exists() == is_kept


def test_failure_that_explains_itself_is_not_followed_by_the_logs_of_anything_else(
    run_demo: RunDemo, folder: Path, step_that: Callable[..., None]
) -> None:
    log = folder / "lake" / "emulator" / "logs" / "glue" / "job" / "jr_1.log"

    def fail() -> None:
        log.parent.mkdir(parents=True)
        log.write_text("Traceback (most recent call last):\nValueError: of another job, tried again since\n")
        raise ExplainedError("the execution failed: it says why", ["jr_2"])

    step_that(fail)
    result = run_demo()
    assert_clear(result, "Failed: the execution failed: it says why")
    assert "ValueError" not in result.output


def test_long_run_that_failed_is_kept_and_says_how_to_open_it(
    run_demo: RunDemo, folder: Path, step_that: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.demo.workspace.LONG_SECONDS", 0)
    step_that(fails_with(DemoError("the last step failed")))
    result = run_demo()
    assert result.exit_code == 1
    assert f"is kept in {folder / 'lake'}, with all its logs: make lake REHEARSAL_FOLDER={folder}" in result.output
    assert (folder / "lake").exists()


def test_difference_makes_the_demo_fail_naming_table_key_and_column_and_keeps_lake_and_report(
    run_demo: RunDemo, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pa.table({"PK_ID": [1, 2], "FARE": [2.5, 3.5]})
    lake = pa.table({"PK_ID": [1, 2], "FARE": [2.5, 3.25]})

    def run(demo: Demo, inputs: Inputs) -> DemoReport:
        found = Reconciliation((compare("table_3", source, lake, ["PK_ID"]),))
        return DemoReport("title", demo._started, (), (), (), (), found)

    monkeypatch.setattr(Demo, "run", run)
    result = run_demo()
    assert result.exit_code == 1
    (difference,) = [line for line in result.output.splitlines() if "3.25" in line]
    assert difference.split() == ["table_3", "2", "FARE", "3.5", "3.25"]
    assert "✗ 1 of 1 tables differ from the source, in 1 place." in result.output
    assert result.output.splitlines()[-2:] == [
        f"Report with pictures: {folder / 'report.html'}",
        f"The lake is kept: make lake REHEARSAL_FOLDER={folder} opens it.",
    ]
    assert (folder / "lake").exists()
    assert "FARE" in (folder / "report.html").read_text()


def test_options_may_come_from_the_environment_as_make_passes_them(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def run(demo: Demo, inputs: Inputs) -> None:
        given.append((demo._options, demo._workspace))
        raise DemoError("seen")

    monkeypatch.setattr(Demo, "run", run)
    monkeypatch.setattr("rehearsal.demo.demo.load_trips", lambda _: generate_trips(18))
    switches = {"KEEP_FAILED": "1", "DIRECT": "1"}
    variables = {"TRIPS": "a.csv", "ROWS": "7", "PORT": "4", "REHEARSAL_FOLDER": str(folder), "FORMAT": "iceberg"}
    assert CliRunner().invoke(app, ["demo"], env=variables | switches).exit_code == 1
    assert given == [(DemoOptions(Path("a.csv"), 7, 4, direct=True, table_format="iceberg"), Workspace.of(folder))]
    assert (folder / "lake").exists()


def test_wrong_trips_file_leaves_the_lake_and_the_report_of_the_last_demo(run_demo: RunDemo, folder: Path) -> None:
    (folder / "lake").mkdir(parents=True)
    (folder / "report.html").write_text("the last report")
    assert_clear(run_demo("--trips", str(folder / "absent.csv")), "Failed: ")
    assert (folder / "lake").exists()
    assert (folder / "report.html").read_text() == "the last report"
