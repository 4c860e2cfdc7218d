"""`make demo` on a file of trips, and what a newcomer finds afterwards: the verdict, the report, the lake."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
from odp.config_manager.manifest import load_manifests
from rich.console import Console

from deployment_account.names import OdpTable
from rehearsal.demo.demo import Demo, DemoOptions
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.inputs import MANIFESTS
from rehearsal.source.database import SourceDatabase, SourceTable
from rehearsal.source.taxi_trips import TABLE_SCHEMA
from rehearsal.validation.lake import LakeReader
from tests.end_to_end.conftest import ROWS, FinishedDemo
from tests.end_to_end.programs import processes_of, running

TABLES = [f"table_{number}" for number in range(1, 19)]
CODES = {"zones": 265, "vendors": 5, "rate_codes": 7, "payment_types": 7, "trip_types": 2}
"""The tables of codes, and their rows after the changes."""
ADDED = "trip_types"
"""The table that one more manifest entry adds while customers go on."""
CHANGED, BUSY = 6, 2
"""The tables of trips that a business day changes, and those that customers change all the while."""
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


def source_rows(demo: FinishedDemo) -> dict[str, int]:
    """The rows of each table at the source, as the report has counted them: the server has ended with the demo."""
    validated = Page(demo.workspace.report.read_text()).rows["validation"]
    return {row[1]: int(row[2].replace(",", "")) for row in validated if row}


def upper_case(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_name(field.name.upper()) for field in schema])


def test_demo_succeeds_says_so_last_and_leaves_nothing_running(closed_demo: FinishedDemo) -> None:
    demo = closed_demo
    assert demo.exit_code == 0, demo.output
    rows = sum(source_rows(demo).values())
    assert f"✓ The lake equals the source: 23 tables, {rows:,} rows, every value compared." in demo.output
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
    assert {len(plan) for plan in batches.values()} == {1}
    full_load, *changes = sorted((plan["0"] for plan in batches.values()), key=len, reverse=True)
    assert full_load == {f"taxi_trips.{table}" for table in TABLES}
    assert all(len(tables) <= CHANGED + BUSY for tables in changes)
    assert len(set().union(*changes)) == CHANGED + BUSY
    sizes = {(run["WorkerType"], run["NumberOfWorkers"], run["ExecutionClass"]) for run in runs.values()}
    assert sizes == {("G.1X", 2, "STANDARD")}, "rule 14: as large as what was pending"


def test_tables_of_codes_are_refreshed_natively_without_a_word_about_engines_in_the_manifests(
    demo: FinishedDemo, lake: DeployedLake
) -> None:
    of_codes = [item for item in history(lake) if item["source_table_name"].split(".")[1] in CODES]
    assert {item["engine"] for item in of_codes} == {"native"}
    natively = dict(re.findall(r"^ *(full load|changes|last changes) +native +(\d+) ", demo.output, re.MULTILINE))
    assert natively["full load"] == "4"
    assert {"full load", "changes"} <= set(natively)
    assert "engine" not in (MANIFESTS / "taxi_trips_reference.json").read_text()


def test_report_shows_engine_and_estimated_cost_of_every_refresh(demo: FinishedDemo) -> None:
    for phase, spark in (("run-1", len(TABLES)), ("run-2", CHANGED + BUSY)):
        rows = [row for row in Page(demo.workspace.report.read_text()).rows[phase] if row]
        engines = {(row[0], row[1]) for row in rows if not row[0].startswith("Batch")}
        assert sum(engine == "spark" for _, engine in engines) == spark
        assert {table for table, engine in engines if engine == "native"} >= CODES.keys() - {ADDED}
        assert all(re.fullmatch(r"0\.\d+ USD", row[4]) and float(row[4].split()[0]) > 0 for row in rows)


def test_report_shows_the_deployed_manifests_and_a_refused_and_an_accepted_change(demo: FinishedDemo) -> None:
    rows = [row for row in Page(demo.workspace.report.read_text()).rows["configuration"] if row]
    deployed, refused, accepted, added = rows
    assert [row[0] for row in rows] == ["✓", "✗", "✓", "✓"]
    assert "24 added" in deployed[3]
    assert "primary_key: odpf_demo_taxi_trips_raw.table_1 holds data written with 'PK_ID'" in refused[3]
    assert "this environment has no schedule" in refused[3]
    assert "refresh_tables_batch_size 20 → 21" in " ".join(accepted[3].split())
    assert "1 added" in added[3]


def test_source_goes_on_while_the_lake_refreshes_and_the_report_shows_how_fresh_the_tables_are(
    demo: FinishedDemo, lake: DeployedLake
) -> None:
    for said in (
        r"✓ AWS DMS loads the tables while customers go on 22 tables",
        r"✓ Kill the replication, change more, and resume it",
        rf"✓ Push one manifest entry: {ADDED} is added 23 tables",
        r"odp-dev-etl/StopReplications in \d+",
        r"odp-dev-etl/ResumeReplications in \d+",
        r"✓ Ask AWS DMS for another load of vendors",
        r"✓ Customers stop, and AWS DMS writes the last changes \d+ transactions",
    ):
        assert re.search(said, demo.output), demo.output
    shown = {row[0]: row[1:] for row in Page(demo.workspace.report.read_text()).rows["source"] if row}
    assert shown.keys() == {"native", "spark"}
    assert int(shown["spark"][0]) == CHANGED + BUSY
    assert all(float(lag.split()[0]) > 0 for row in shown.values() for lag in row[3:])
    pending = lake.items(OdpTable.FILE_TRACKER)
    assert {item["table_name"] for item in pending if "table_name" in item} == {"vendors"}, "its load settles"


def test_column_that_the_source_got_meanwhile_is_in_the_lake(lake: DeployedLake) -> None:
    (rates,) = [entry for name, entry in lake.catalog_tables(CADENCES[1]).items() if name.endswith(".rate_codes")]
    cents = {row["RATECODEID"]: row["SURCHARGE_CENTS"] for row in lake.read(rates).to_pylist()}
    assert cents == dict.fromkeys((1, 3, 4, 5, 7, 99)) | {2: 250}


def test_rows_inserted_minus_rows_deleted_are_the_rows_that_each_table_has(
    demo: FinishedDemo, lake: DeployedLake
) -> None:
    net = dict.fromkeys((*TABLES, *CODES), 0)
    for item in history(lake):
        assert item["refresh_status"] == "completed"
        net[item["source_table_name"].split(".")[1]] += int(item["rows_inserted"] - item["rows_deleted"])
    assert net == source_rows(demo)
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
    zones = pa.schema([("LocationID", pa.int64()), *((name, pa.string()) for name in ZONE_TEXTS)])
    tables = [SourceTable(table, TABLE_SCHEMA) for table in ("table_7", "table_8")]
    shown = {name: entry for each in CADENCES for name, entry in lake.catalog_tables(each).items()}
    with SourceDatabase(tmp_path / "source.sqlite") as source:
        for table in (*tables, SourceTable("zones", zones, ("LocationID",))):
            source.create_table(table)
            rows = lake.read(shown[f"taxi_trips.{table.name}"])
            source.load(
                table.name,
                rows.select(map(str.upper, table.schema.names))
                .cast(upper_case(table.schema))
                .rename_columns(table.schema.names),
            )
        with source.transaction() as connection:
            connection.execute("UPDATE table_7 SET tip_amount = tip_amount + 0.01 WHERE PK_ID = 123")
            connection.execute("UPDATE zones SET Zone = 'JFK' WHERE LocationID = 132")
        found = Demo(DemoOptions(), demo.workspace, Console(quiet=True))._validate(lake, source, CADENCES)
    assert not found.has_passed
    differences = [(difference.table, difference.key, difference.column) for difference in found.differences]
    assert differences == [("table_7", "123", "TIP_AMOUNT"), ("zones", "132", "ZONE")]
    assert [table.table for table in found.tables if table.is_identical] == ["table_8"]


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
        assert rows == source_rows(demo)["table_1"]
        program.interrupt()
        assert program.exit_code(seconds=180) == 0
        assert "The lake is closed and kept" in program.output
        assert "Traceback" not in program.output
    assert processes_of(demo.folder) == {}
    assert demo.workspace.emulator.exists()


def test_manifests_name_the_tables_that_the_demo_replicates() -> None:
    named = {table.raw_table_name for table in load_manifests(MANIFESTS).tables}
    assert named == {*TABLES, *CODES} - {ADDED}
