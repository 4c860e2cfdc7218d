"""Bad input is refused with what, where and how to mend it, as early as it can be told."""

import socket
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rehearsal.cli import app
from rehearsal.demo import demo as demo_module
from rehearsal.demo.workspace import Workspace
from rehearsal.emulator.glue_runner import spark_settings
from rehearsal.source.generator import generate_trips
from tests.configuration import KNOWN_MANIFESTS
from tests.tools.rehearsal.demo.outcomes import RunDemo, assert_clear, assert_nothing_left


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


def test_machine_that_the_database_server_does_not_run_on_is_told_the_source_without_a_server(
    run_demo: RunDemo, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("rehearsal.source.mariadb.program.platform.machine", lambda: "riscv64")
    monkeypatch.setattr("rehearsal.jars.cache_folder", lambda: tmp_path / "no-jars-yet")
    message = "Failed: no MariaDB server for Linux riscv64: its jar is for Linux x86-64; rehearse on Linux x86-64, or "
    assert_clear(run_demo("--rows", "1"), f"{message}without a server (make demo SOURCE=file)")
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
    for manifest in KNOWN_MANIFESTS.glob("*.json"):
        (manifests / manifest.name).write_text(manifest.read_text().replace('"is_active"', '"is_activ"', 1))
    monkeypatch.setattr(demo_module, "MANIFESTS", manifests)
    result = run_demo()
    assert result.exit_code == 1
    assert "Failed: 1 problem in the table manifests:" in result.output
    place = "known.json: raw_table_configs: taxi_trips.table_1"
    assert f"{place}: unknown field 'is_activ'; did you mean 'is_active'?" in result.output
    assert "Traceback" not in result.output
    assert_nothing_left(folder)


def test_taken_port_is_named(
    run_demo: RunDemo, folder: Path, step_that: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    step_that(lambda: ())
    monkeypatch.setattr(spark_settings, "prepare_metastore", lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_clear(run_demo("--port", str(port)), f"port {port} on 127.0.0.1 cannot be used (Address already in use)")
    assert_nothing_left(folder)


def test_second_demo_of_a_clone_is_refused_and_leaves_the_first_alone(run_demo: RunDemo, folder: Path) -> None:
    workspace = Workspace.of(folder)
    with workspace.alone():
        workspace.begin()
        assert_clear(run_demo(), "is in use by another demo or lake of this clone; end that one first")
        assert workspace.folder.exists()


def test_lake_that_nobody_has_made_cannot_be_served(folder: Path) -> None:
    result = CliRunner().invoke(app, ["lake", "--folder", str(folder)])
    assert_clear(result, "there is no lake yet; `make demo` makes one")
