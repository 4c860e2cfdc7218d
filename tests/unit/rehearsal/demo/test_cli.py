"""Bad input and bad luck: one clear message, a non-zero exit code, and nothing left."""

import errno
import os
import signal
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from rehearsal.cli import app
from rehearsal.demo import demo as demo_module
from rehearsal.demo.demo import Demo, DemoOptions
from rehearsal.demo.errors import DemoError
from rehearsal.demo.workspace import Workspace
from rehearsal.deployment.deployer import DeploymentError
from rehearsal.emulator.glue_runner import metastore_files
from rehearsal.report.model import DemoReport
from rehearsal.source.generator import generate_trips
from rehearsal.validation.comparison import compare
from rehearsal.validation.reconciliation import Reconciliation

RunDemo = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRIPS", "ROWS", "PORT", "KEEP_FAILED", "REHEARSAL_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def run_demo(folder: Path) -> RunDemo:
    return lambda *options: CliRunner().invoke(app, ["demo", "--folder", str(folder), "--rows", "1", *options])


@pytest.fixture
def step_that(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Put something in the place of the first step that works outside of this process."""

    def replace(action: Callable[[], object]) -> None:
        monkeypatch.setattr(demo_module, "spark_jars", action)

    return replace


def fails_with(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def assert_clear(result: Result, message: str, exit_code: int = 1) -> None:
    assert result.exit_code == exit_code, result.output
    assert result.output.splitlines()[-1].startswith("Failed: " if exit_code == 1 else "Interrupted")
    assert message in result.output
    assert "Traceback" not in result.output


def assert_nothing_left(folder: Path) -> None:
    assert not (folder / "lake").exists()
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"name,age\nAda,36\n", "is not a yellow-taxi file: it lacks VendorID"),
        (b"PAR1 and then nothing", "is not a whole Parquet file of 21 bytes"),
    ],
)
def test_trips_that_cannot_be_used_are_refused_with_their_path_before_anything_starts(
    content: bytes | None, message: str, run_demo: RunDemo, folder: Path, tmp_path: Path
) -> None:
    trips = tmp_path / "trips.parquet" if content and content.startswith(b"PAR1") else tmp_path / "trips.csv"
    if content is not None:
        trips.write_bytes(content)
    assert_clear(run_demo("--trips", str(trips)), f"Failed: {trips}: {message}")
    assert_nothing_left(folder)


def test_trips_cut_off_in_the_middle_are_refused_with_the_line(run_demo: RunDemo, folder: Path, tmp_path: Path) -> None:
    trips = tmp_path / "trips.csv"
    pa.csv.write_csv(generate_trips(50), trips)
    trips.write_bytes(trips.read_bytes()[:-60])
    assert_clear(run_demo("--trips", str(trips)), f"Failed: {trips}: line 51: ")
    assert_nothing_left(folder)


def test_fewer_trips_than_tables_are_refused(run_demo: RunDemo, folder: Path, tmp_path: Path) -> None:
    pq.write_table(generate_trips(17), tmp_path / "few.parquet")
    assert_clear(run_demo("--trips", str(tmp_path / "few.parquet")), "holds 17 trips, too few to fill 18 tables")
    assert_nothing_left(folder)


def test_manifest_with_an_unknown_field_is_refused_with_file_table_and_field(
    run_demo: RunDemo, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests = tmp_path / "table_configs"
    manifests.mkdir()
    for manifest in demo_module.MANIFESTS.glob("*.json"):
        (manifests / manifest.name).write_text(manifest.read_text().replace('"is_active"', '"is_activ"', 1))
    monkeypatch.setattr(demo_module, "MANIFESTS", manifests)
    result = run_demo()
    assert result.exit_code == 1
    assert "Failed: 2 problems in the table manifests:" in result.output
    place = "taxi_trips.json: raw_table_configs: taxi_trips.table_1"
    assert f"{place}: unknown field 'is_activ'; did you mean 'is_active'?" in result.output
    assert "Traceback" not in result.output
    assert_nothing_left(folder)


def test_taken_port_is_named(
    run_demo: RunDemo, folder: Path, step_that: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    step_that(lambda: ())
    monkeypatch.setattr(metastore_files, "prepare", lambda: None)
    monkeypatch.setattr(demo_module, "synthesise", lambda *_: ())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_clear(run_demo("--port", str(port)), f"port {port} on 127.0.0.1 cannot be used (Address already in use)")
    assert_nothing_left(folder)


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


def test_second_demo_of_a_clone_is_refused_and_leaves_the_first_alone(run_demo: RunDemo, folder: Path) -> None:
    workspace = Workspace.of(folder)
    with workspace.alone():
        workspace.begin()
        assert_clear(run_demo(), "is in use by another demo or lake of this clone; end that one first")
        assert workspace.folder.exists()


def test_lake_that_nobody_has_made_cannot_be_served(folder: Path) -> None:
    result = CliRunner().invoke(app, ["lake", "--folder", str(folder)])
    assert_clear(result, "there is no lake yet; `make demo` makes one")


def test_difference_makes_the_demo_fail_naming_table_key_and_column_and_keeps_lake_and_report(
    run_demo: RunDemo, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pa.table({"PK_ID": [1, 2], "FARE": [2.5, 3.5]})
    lake = pa.table({"PK_ID": [1, 2], "FARE": [2.5, 3.25]})

    def run(demo: Demo) -> DemoReport:
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

    def run(demo: Demo) -> None:
        given.append((demo._options, demo._workspace))
        raise DemoError("seen")

    monkeypatch.setattr(Demo, "run", run)
    variables = {"TRIPS": "a.csv", "ROWS": "7", "PORT": "4", "REHEARSAL_FOLDER": str(folder), "KEEP_FAILED": "1"}
    assert CliRunner().invoke(app, ["demo"], env=variables).exit_code == 1
    assert given == [(DemoOptions(Path("a.csv"), 7, 4), Workspace.of(folder))]
    assert (folder / "lake").exists()
