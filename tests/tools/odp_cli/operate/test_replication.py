"""`odp replication` against a DMS that permits in each state what the API reference says, and refuses the rest."""
# ruff: noqa: N803 - parameters are named as the API names them

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from odp.table_identity import SourceTable
from odp_cli.app import app
from odp_cli.errors import CommandError
from odp_cli.operate import dms_in_region
from odp_cli.operate.replications import Replication, Start, load_again, load_all_again, replication_of, stop
from typer.testing import CliRunner, Result

from tests.configuration import KNOWN_MANIFESTS
from tests.tools.odp_cli.operate.conftest import ENV, PLATFORM

SERVERLESS = "arn:aws:dms:us-east-1:222222222222:replication-config:odp-dev-default"
TASK = "arn:aws:dms:us-east-1:222222222222:task:odp-dev-default"
KINDS = pytest.mark.parametrize("arn", [SERVERLESS, TASK], ids=["serverless", "task"])


class RefusedByDmsError(Exception):
    """InvalidResourceStateFault."""


class Parameters:
    """The ARN of the replication, and maybe that a pipeline has stopped it."""

    class exceptions:  # noqa: N801 - as boto3 names it
        class ParameterNotFound(Exception):  # noqa: N818 - as boto3 names it
            pass

    def __init__(self) -> None:
        self.values = {f"/odp/{ENV}/replication/default": SERVERLESS}

    def get_parameter(self, Name: str) -> dict[str, Any]:
        if Name not in self.values:
            raise self.exceptions.ParameterNotFound
        return {"Parameter": {"Value": self.values[Name]}}

    def delete_parameter(self, Name: str) -> None:
        if not self.values.pop(Name, ""):
            raise self.exceptions.ParameterNotFound


class Dms:
    """One replication; both families of operations of the API come to the same state."""

    def __init__(self, status: str, tables: int = 25) -> None:
        self.status, self.calls = status, list[tuple[str, Any]]()
        self.parameters = Parameters()
        self._tables: list[dict[str, Any]] = [
            {"SchemaName": "shop", "TableName": f"t{number}", "TableState": "Table completed"}
            for number in range(tables)
        ]
        self._tables[3] |= {"TableState": "Table error", "LastUpdateTime": datetime(2026, 11, 30, tzinfo=UTC)}

    def describe_replications(self, Filters: list[Any]) -> dict[str, Any]:
        if self.status == "created":
            return {"Replications": []}
        return {"Replications": [{"Status": self.status, "FailureMessages": ["no route"]}]}

    def describe_replication_tasks(self, Filters: list[Any]) -> dict[str, Any]:
        return {"ReplicationTasks": [{"Status": "ready" if self.status == "created" else self.status}]}

    def describe_table_statistics(self, Marker: str = "0", **_: str) -> dict[str, Any]:
        start = int(Marker)
        page: dict[str, Any] = {"TableStatistics": self._tables[start : start + 10]}
        return page | ({"Marker": str(start + 10)} if start + 10 < len(self._tables) else {})

    def describe_replication_table_statistics(self, **of: str) -> dict[str, Any]:
        page = self.describe_table_statistics(**of)
        return {**page, "ReplicationTableStatistics": page["TableStatistics"]}

    def start_replication(self, StartReplicationType: str, **_: str) -> None:
        allowed = {"created": {"start-replication"}}.get(self.status, {"resume-processing", "reload-target"})
        if self.status not in ("created", "stopped", "failed") or StartReplicationType not in allowed:
            raise RefusedByDmsError(StartReplicationType)
        self.calls.append(("start", StartReplicationType))

    def start_replication_task(self, StartReplicationTaskType: str, **of: str) -> None:
        self.start_replication(StartReplicationTaskType, **of)

    def stop_replication(self, **_: str) -> None:
        if self.status != "running":
            raise RefusedByDmsError("stop")
        self.calls.append(("stop", None))

    stop_replication_task = stop_replication

    def reload_tables(self, TablesToReload: list[Any], **_: str) -> None:
        if self.status != "running" or len(TablesToReload) > 10:
            raise RefusedByDmsError("reload")
        self.calls.append(("reload", [each["TableName"] for each in TablesToReload]))

    reload_replication_tables = reload_tables


def table(name: str) -> SourceTable:
    return SourceTable("default", "shop", name)


def begin(replication: Replication) -> None:
    replication.start(replication.state().first_step)


@KINDS
@pytest.mark.parametrize(
    ("status", "how"), [("created", Start.FIRST), ("stopped", Start.RESUME), ("failed", Start.RESUME)]
)
def test_a_start_is_the_first_one_or_goes_on(arn: str, status: str, how: Start) -> None:
    dms = Dms(status)
    begin(replication_of(dms, arn))
    assert dms.calls == [("start", how.value)]


@KINDS
@pytest.mark.parametrize(
    ("status", "act"),
    [
        ("running", begin),
        ("modifying", begin),
        ("created", stop),
        ("stopped", stop),
        ("running", load_all_again),
        ("created", load_all_again),
        ("stopped", lambda replication: load_again(replication, [table("t1")])),
        ("running", lambda replication: load_again(replication, [table("t99")])),
    ],
)
def test_what_the_state_forbids_is_refused_with_the_way_out_and_dms_is_not_asked(
    arn: str, status: str, act: Callable[[Replication], None]
) -> None:
    dms = Dms(status)
    with pytest.raises(CommandError, match="To mend it"):
        act(replication_of(dms, arn))
    assert dms.calls == []


@KINDS
def test_many_tables_are_loaded_again_ten_in_a_call(arn: str) -> None:
    dms = Dms("running")
    load_again(replication_of(dms, arn), [table(f"t{number}") for number in range(25)])
    assert [len(names) for _, names in dms.calls] == [10, 10, 5]
    assert [name for _, names in dms.calls for name in names] == [f"t{number}" for number in range(25)]


@KINDS
@pytest.mark.parametrize("status", ["stopped", "failed"])
def test_all_tables_are_loaded_again_after_a_stop(arn: str, status: str) -> None:
    dms = Dms(status)
    load_all_again(replication_of(dms, arn))
    assert dms.calls == [("start", "reload-target")]


@KINDS
def test_a_suspended_table_is_found_on_whichever_page_it_is(arn: str) -> None:
    found = replication_of(Dms("running"), arn).tables()
    assert len(found) == 25
    assert [each.table for each in found if each.is_suspended] == ["t3"]


def test_the_reason_of_a_failure_is_told() -> None:
    assert replication_of(Dms("failed"), SERVERLESS).state().reason == "no route"


@pytest.fixture
def odp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line for a lake whose source is replicated, with the parameter and DMS alone in reach."""

    def run(dms: Dms, *arguments: str, answers: str | None = None) -> Result:
        document = json.loads(PLATFORM.read_text())
        database = {"engine": "mysql", "network": "10.50.3.7/32", "secret": "source-database"}
        database["certificate_arn"] = "arn:aws:dms:us-east-1:333333333333:cert:AUTHORITY"
        document["environments"][ENV]["sources"] = {"default": {"replication": database}}
        document["environments"][ENV]["interface_endpoints"] = ["secretsmanager"]
        platform = tmp_path / "environments.json"
        platform.write_text(json.dumps(document))
        services = {"ssm": dms.parameters, "dms": dms}
        monkeypatch.setattr(dms_in_region, "session_in", lambda *_: SimpleNamespace(client=services.__getitem__))
        if arguments[0] == "status" and "--manifests" not in arguments:
            arguments = (*arguments, "--manifests", str(KNOWN_MANIFESTS))
        return CliRunner().invoke(
            app, ["replication", *arguments, "--env", ENV, "--platform", str(platform)], input=answers
        )

    return run


@pytest.mark.parametrize(
    ("status", "arguments", "called"),
    [
        ("running", ["status"], []),
        ("created", ["start"], [("start", "start-replication")]),
        ("stopped", ["start"], [("start", "resume-processing")]),
        ("running", ["stop", "--yes"], [("stop", None)]),
        ("running", ["reload", "shop.t1", "--yes"], [("reload", ["t1"])]),
        ("stopped", ["reload", "--all", "--yes"], [("start", "reload-target")]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) and value and isinstance(value[0], str) else None,
)
def test_a_command_changes_dms_and_nothing_else(
    odp: Callable[..., Result], status: str, arguments: list[str], called: list[tuple[str, Any]]
) -> None:
    dms = Dms(status)
    result = odp(dms, *arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    assert dms.calls == called


@pytest.mark.parametrize(
    ("status", "arguments"),
    [("running", ["stop"]), ("running", ["reload", "shop.t1"]), ("stopped", ["reload", "--all"])],
)
def test_a_no_changes_nothing(odp: Callable[..., Result], status: str, arguments: list[str]) -> None:
    dms = Dms(status)
    assert odp(dms, *arguments, answers="n\n").exit_code == 1
    assert dms.calls == []


STOPPED = f"/odp/{ENV}/replication-stopped/default"


def stopped_by_a_pipeline(status: str) -> Dms:
    dms = Dms(status)
    dms.parameters.values[STOPPED] = json.dumps({"since": "2026-11-30T20:00:00+00:00", "needs_load_of_all": False})
    return dms


def test_the_status_says_that_a_deployment_stopped_it(odp: Callable[..., Result]) -> None:
    result = odp(stopped_by_a_pipeline("stopped"), "status")
    assert "a deployment stopped it at 2026-11-30T20:00:00+00:00" in result.output
    assert "a deployment stopped it" not in odp(Dms("stopped"), "status").output


@pytest.mark.parametrize(
    ("status", "arguments"),
    [
        ("stopped", ["start"]),
        ("running", ["stop", "--yes"]),
        ("stopped", ["stop"]),
        ("stopped", ["reload", "--all", "--yes"]),
    ],
)
def test_what_a_person_starts_or_stops_the_next_deployment_does_not_start(
    odp: Callable[..., Result], status: str, arguments: list[str]
) -> None:
    dms = stopped_by_a_pipeline(status)
    assert odp(dms, *arguments).exit_code == 0
    assert STOPPED not in dms.parameters.values


def named_by_manifests(folder: Path, *tables: str) -> list[str]:
    """Options that name manifests of these tables."""
    folder /= "manifests"
    folder.mkdir()
    batch: dict[str, Any] = {"refresh_cadence": "1_min_refresh", "glue_job_name": "odpf_file_processor"}
    batch |= {"glue_job_worker_type": "G.1X", "glue_job_max_workers": 2, "refresh_tables_batch_size": 20}
    defaults = {"refresh_cadence": "1_min_refresh", "partition_key": "", "primary_key": "id"}
    defaults |= {"change_sequence": "SEQ", "table_format": "iceberg", "raw_database_name": "odpf_shop"}
    entries = [{"source_table_name": name} for name in tables]
    (folder / "shop.json").write_text(
        json.dumps({"defaults": defaults, "batch_configs": [batch], "raw_table_configs": entries})
    )
    return ["--manifests", str(folder)]


def test_the_status_names_what_only_manifests_or_only_dms_name(odp: Callable[..., Result], tmp_path: Path) -> None:
    options = named_by_manifests(tmp_path, *(f"shop.t{number}" for number in range(24)), "shop.T24", "erp.parts")
    result = odp(Dms("running"), "status", "--json", *options)
    (answer,) = json.loads(result.output)["replications"]
    assert answer["not_replicated"] == ["erp.parts", "shop.T24"], "DMS tells upper from lower case"
    assert answer["in_no_manifest"] == ["shop.t24"]
    lines = odp(Dms("running"), "status", *options).output.splitlines()
    assert [line for line in lines if "erp.parts: not replicated" in line]
    assert [line for line in lines if "shop.t24: replicated, but no manifest names it" in line]


def test_many_differences_are_counted(odp: Callable[..., Result], tmp_path: Path) -> None:
    options = named_by_manifests(tmp_path, *(f"other.t{number}" for number in range(30)))
    output = odp(Dms("running"), "status", *options).output
    assert output.count("not replicated") == 20
    assert "10 more: --json" in output


def test_before_the_first_start_nothing_is_missed(odp: Callable[..., Result], tmp_path: Path) -> None:
    options = named_by_manifests(tmp_path, "shop.t0", "erp.parts")
    (answer,) = json.loads(odp(Dms("created", tables=4), "status", "--json", *options).output)["replications"]
    assert (answer["not_replicated"], answer["in_no_manifest"]) == ([], [])


def test_manifests_that_are_wrong_do_not_hide_the_state(odp: Callable[..., Result], tmp_path: Path) -> None:
    options = named_by_manifests(tmp_path, "shop.t0", "not a table")
    result = odp(Dms("failed"), "status", *options)
    assert result.exit_code == 0
    assert "default: failed" in result.output
