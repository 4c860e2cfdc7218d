"""`make demo` on a file of trips, and what a newcomer finds afterwards: the verdict, the report, the lake."""

import re
import shutil
import sqlite3
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
from odp.config_manager.manifest import load_manifests
from rich.console import Console

from deployment_account.names import OdpTable
from rehearsal.demo.demo import Demo, DemoOptions
from rehearsal.demo.inputs import MANIFESTS
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.source.database import SourceDatabase, SourceTable
from rehearsal.source.taxi_trips import TABLE_SCHEMA
from rehearsal.validation.lake import LakeReader
from tests.end_to_end.conftest import ROWS, FinishedDemo
from tests.end_to_end.programs import processes_of, running

TABLES = [f"table_{number}" for number in range(1, 19)]
CODES = {"zones": 265, "vendors": 5, "rate_codes": 7, "payment_types": 7}
"""The tables of codes, and their rows after the changes."""
CADENCES = ("10_min_refresh", "1_min_refresh")
DATABASE = "odpf_demo_taxi_trips_raw"
QUARTER = ROWS * len(TABLES) // 4
ZONE_TEXTS = ("Borough", "Zone", "service_zone")
AUDITED, QUARANTINED = 6, 4
"""Cells of a row of the audit trail, of the quarantine."""
PURPOSE_BUILT_TABLES = 6


class Page(HTMLParser):
    """The addresses that a page refers to, and its tables' rows by section."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.rows: dict[str, list[list[str]]] = {}
        self._section = ""
        self._cell: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.references += [given[name] or "" for name in ("src", "href", "data", "action") if name in given]
        if tag == "section":
            self._section = given.get("id") or ""
        if tag == "tr":
            self.rows.setdefault(self._section, []).append([])
        if tag == "td":
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "td" and self._cell is not None:
            self.rows[self._section][-1].append("".join(self._cell).strip())
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


def history(lake: DeployedLake) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = lake.dynamodb.Table(lake.table(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)).scan()[
        "Items"
    ]
    return items


def source_rows(database: Path) -> dict[str, int]:
    connection = sqlite3.connect(database)
    counts = {
        table: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in (*TABLES, *CODES)
    }
    connection.close()
    return counts


def test_demo_succeeds_says_so_last_and_leaves_nothing_running(closed_demo: FinishedDemo) -> None:
    demo = closed_demo
    assert demo.exit_code == 0, demo.output
    rows = sum(source_rows(demo.workspace.database).values())
    assert f"✓ The lake equals the source: 22 tables, {rows:,} rows, every value compared." in demo.output
    assert "✓ Read taxi trips 9,000 trips of yellow_tripdata_2020-01.csv" in demo.output
    assert "✗" not in demo.output
    assert processes_of(demo.folder) == {}


def test_report_stands_alone_and_shows_every_table_validated(demo: FinishedDemo) -> None:
    text = demo.workspace.report.read_text()
    page = Page(text)
    assert all(reference.startswith("#") for reference in page.references)
    assert set(re.findall(r"https?://[^\s\"'<)]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    validated = {row[1]: row for row in page.rows["validation"] if row}
    assert sorted(validated) == sorted((*TABLES, *CODES))
    for mark, _, source, lake, source_checksum, lake_checksum in validated.values():
        assert (mark, source, source_checksum) == ("✓", lake, lake_checksum)
        assert source_checksum != "–"


def test_lake_was_deployed_by_a_push_that_ran_both_pipelines_and_the_report_shows_them(demo: FinishedDemo) -> None:
    for pipeline in ("odp-dev-infra", "odp-dev-etl"):
        assert re.search(rf"^{pipeline}: Succeeded after", demo.output, re.MULTILINE), demo.output
        assert re.search(rf'id="pipelines".*{pipeline}', demo.workspace.report.read_text(), re.DOTALL)


def test_full_load_of_small_tables_is_one_batch_and_the_changes_run_only_where_there_are_any(
    demo: FinishedDemo, lake: DeployedLake
) -> None:
    runs = {run["Id"]: run for run in lake.client("glue").get_job_runs(JobName="odpf_file_processor")["JobRuns"]}
    assert {run["JobRunState"] for run in runs.values()} == {"SUCCEEDED"}
    batches: dict[str, dict[str, set[str]]] = {}
    of_trips = [item for item in history(lake) if item["source_table_name"].split(".")[1] in TABLES]
    for item in of_trips:
        arguments = runs[item["glue_job_run_id"]]["Arguments"]
        tables = batches.setdefault(arguments["--plan_key"], {}).setdefault(arguments["--batch"], set())
        tables.add(item["source_table_name"])
    full_load, changes = sorted(batches.values(), key=lambda plan: sum(map(len, plan.values())), reverse=True)
    assert list(full_load.values()) == [{f"taxi_trips.{table}" for table in TABLES}]
    assert [len(tables) for tables in changes.values()] == [6]
    sizes = {(run["WorkerType"], run["NumberOfWorkers"], run["ExecutionClass"]) for run in runs.values()}
    assert sizes == {("G.1X", 2, "STANDARD")}, "rule 14: as large as what was pending"


def test_tables_of_codes_are_refreshed_natively_without_a_word_about_engines_in_the_manifests(
    demo: FinishedDemo, lake: DeployedLake
) -> None:
    of_codes = [item for item in history(lake) if item["source_table_name"].split(".")[1] in CODES]
    assert {item["engine"] for item in of_codes} == {"native"}
    assert {"full load", "changes"} == set(re.findall(r"^ *(full load|changes) +native +4 ", demo.output, re.MULTILINE))
    assert "engine" not in (MANIFESTS / "taxi_trips_reference.json").read_text()


def test_report_shows_engine_and_estimated_cost_of_every_refresh(demo: FinishedDemo) -> None:
    for phase, spark in (("run-1", TABLES), ("run-2", TABLES[:6])):
        rows = [row for row in Page(demo.workspace.report.read_text()).rows[phase] if row]
        engines = [row[1] for row in rows if not row[0].startswith("Batch")]
        assert (engines.count("spark"), engines.count("native")) == (len(spark), len(CODES))
        assert all(re.fullmatch(r"0\.\d+ USD", row[4]) and float(row[4].split()[0]) > 0 for row in rows)


def test_report_shows_the_deployed_manifests_and_a_refused_and_an_accepted_change(demo: FinishedDemo) -> None:
    deployed, refused, accepted = (row for row in Page(demo.workspace.report.read_text()).rows["configuration"] if row)
    assert [row[0] for row in (deployed, refused, accepted)] == ["✓", "✗", "✓"]
    assert "24 added" in deployed[3]
    assert "primary_key: odpf_demo_taxi_trips_raw.table_1 holds data written with 'PK_ID'" in refused[3]
    assert "this environment has no schedule" in refused[3]
    assert "refresh_tables_batch_size 20 → 21" in " ".join(accepted[3].split())


def test_rows_inserted_minus_rows_deleted_are_the_rows_that_each_table_has(
    demo: FinishedDemo, lake: DeployedLake
) -> None:
    net = dict.fromkeys((*TABLES, *CODES), 0)
    for item in history(lake):
        assert item["refresh_status"] == "completed"
        net[item["source_table_name"].split(".")[1]] += int(item["rows_inserted"] - item["rows_deleted"])
    assert net == source_rows(demo.workspace.database)
    assert any(net[table] != ROWS for table in TABLES)
    assert {table: net[table] for table in CODES} == CODES


def test_taxi_flow_loads_files_with_broken_rows_repeats_and_a_correction_and_equals_duckdb(demo: FinishedDemo) -> None:
    assert (
        "✓ The taxi flow is right: 9,000 trips, 3 rows in quarantine, 6 purpose-built tables equal to duckdb's."
        in demo.output
    )
    rows = [row for row in Page(demo.workspace.report.read_text()).rows["taxi"] if row]
    assert {row[0] for row in rows if len(row) != QUARANTINED} == {"✓"}
    audit = sorted(row[3:] for row in rows if len(row) == AUDITED)
    loaded = ["completed", f"{QUARTER:,}", "0"]
    assert audit == [*[loaded] * 4, ["completed", f"{QUARTER:,}", "3"], ["superseded", "0", "0"]]
    quarantined = {row[1]: row[2] for row in rows if len(row) == QUARANTINED and row[0].endswith(".csv")}
    assert list(quarantined) == ["51", "101", "151"]
    assert [reason.split(":")[0] for reason in quarantined.values()] == [
        "tpep_pickup_datetime",
        "trip_distance",
        "4 values instead of 18",
    ]
    compared = [row for row in rows if row[1].startswith("yellow_") and row[0] == "✓"]
    assert len(compared) == PURPOSE_BUILT_TABLES
    assert all(found == expected != "0" for _, _, found, expected in compared)


def test_value_that_differs_is_found_by_table_key_and_column(
    demo: FinishedDemo, lake: DeployedLake, tmp_path: Path
) -> None:
    for file in demo.workspace.folder.glob("taxi_trips.sqlite*"):
        shutil.copy(file, tmp_path)
    with SourceDatabase(tmp_path / demo.workspace.database.name) as source:
        source.tables |= {table: SourceTable(table, TABLE_SCHEMA) for table in TABLES}
        zones = pa.schema([("LocationID", pa.int64()), *((name, pa.string()) for name in ZONE_TEXTS)])
        source.tables["zones"] = SourceTable("zones", zones, ("LocationID",))
        with source.transaction() as connection:
            connection.execute("UPDATE table_7 SET tip_amount = tip_amount + 0.01 WHERE PK_ID = 123")
            connection.execute("UPDATE zones SET Zone = 'JFK' WHERE LocationID = 132")
        found = Demo(DemoOptions(), demo.workspace, Console(quiet=True))._validate(lake, source, CADENCES)
    assert not found.has_passed
    differences = [(difference.table, difference.key, difference.column) for difference in found.differences]
    assert differences == [("table_7", "123", "TIP_AMOUNT"), ("zones", "132", "ZONE")]
    assert sum(table.is_identical for table in found.tables) == 17


def test_lake_can_be_looked_into_until_ctrl_c_and_stays(closed_demo: FinishedDemo, tmp_path: Path) -> None:
    demo = closed_demo
    with running(tmp_path / "output", "lake", "--folder", str(demo.folder)) as program:
        program.wait_for("aws stepfunctions list-state-machines")
        variables = dict(re.findall(r"^export (\w+)=(\S+)$", program.output, re.MULTILINE))
        session = boto3.Session(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
        glue = session.client("glue", region_name=variables["AWS_REGION"], endpoint_url=variables["AWS_ENDPOINT_URL"])
        shown = {table["Name"]: table for table in glue.get_tables(DatabaseName=DATABASE)["TableList"]}
        assert sorted(shown) == sorted((*TABLES, *CODES))
        reader = LakeReader(
            variables["AWS_ENDPOINT_URL"], variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
        )
        rows = reader.read(shown["table_1"]["StorageDescriptor"]["Location"]).num_rows
        assert rows == source_rows(demo.workspace.database)["table_1"]
        program.interrupt()
        assert program.exit_code(seconds=180) == 0
        assert "The lake is closed and kept" in program.output
        assert "Traceback" not in program.output
    assert processes_of(demo.folder) == {}
    assert demo.workspace.emulator.exists()


def test_manifests_name_the_tables_that_the_demo_replicates() -> None:
    assert sorted(table.raw_table_name for table in load_manifests(MANIFESTS).tables) == sorted((*TABLES, *CODES))
