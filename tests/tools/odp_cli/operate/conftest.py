"""A lake in moto as an operator's commands reach it, with the adapters that write its ledger."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import typer.testing
from odp.configuration import item_of
from odp.dynamodb.file_decisions import DynamoDbFileDecisions
from odp.dynamodb.file_tracker import DynamoDbFileTracker, DynamoDbPendingWork
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.run_log import DynamoDbRunLog
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.file_processor.selection.readability import entries_of
from odp.records import FileType, LandedFile, PendingWork, Quarantined, RawTableConfig
from odp.refresh import (
    HeldFiles,
    RefreshKind,
    RefreshOutcome,
    RefreshPlan,
    RefreshStatus,
    RowCounts,
    RunRecord,
    TableState,
)
from odp_cli.app import app
from odp_cli.operate import operated_lake
from typer.testing import CliRunner, Result

from lake.tables.capabilities import Engine
from tests.moto_session import client, resource
from tests.unit.odp import conftest as framework
from tests.unit.odp.samples import RUN_LOG_TABLES, batch_config, table_config

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

TABLES = ("files", "files_history", "leases", "quarantine", "batch_config", "table_config", "deploy_tracker")
PLATFORM, ENV = Path(__file__).parents[3] / "environments.json", "test"
CALLER = "arn:aws:iam::222222222222:user/someone"
dynamodb = framework.dynamodb
# the runner builds the whole command line from its functions' signatures at each call
typer.testing._get_command = cache(typer.testing._get_command)  # type: ignore[attr-defined]


def change(number: int, table: str = "s.t", **fields: Any) -> LandedFile:
    name = f"20260101-{number:09}.parquet"
    return _file(table, FileType.CHANGES, name, f"1/{name}/{'c' * 32}", fields)


def part(number: int, table: str = "s.t", **fields: Any) -> LandedFile:
    name = f"LOAD{number:08X}.parquet"
    return _file(table, FileType.FULL_LOAD, name, f"0/{name}/{'a' * 32}", fields)


def _file(table: str, file_type: FileType, name: str, file_id: str, fields: dict[str, Any]) -> LandedFile:
    schema, _, short = table.partition(".")
    file = LandedFile(
        source_table_name=table,
        file_id=file_id,
        file_type=file_type,
        schema_name=schema,
        table_name=short,
        bucket="staging",
        key=f"{schema}/{short}/{name}",
        size=2048,
        etag="e",
        landed_at="2026-11-28T00:00:00Z",
        version_id="v1",
    )
    return replace(file, **fields)


@dataclass
class Lake:
    """The ledger of a lake, and the command line that an operator types."""

    dynamodb: "DynamoDBServiceResource"

    def __post_init__(self) -> None:
        self.tracker = DynamoDbFileTracker(self.dynamodb, "files", "files_history")
        self.quarantine = DynamoDbQuarantine(self.dynamodb, "quarantine")
        self.leases = DynamoDbTableLeases(self.dynamodb, "leases")
        self.run_log = DynamoDbRunLog(self.dynamodb, RUN_LOG_TABLES)
        self.dynamodb.Table("batch_config").put_item(Item=item_of(batch_config()))

    def configure(self, **fields: Any) -> RawTableConfig:
        config = table_config(**fields)
        self.dynamodb.Table("table_config").put_item(Item=item_of(config))
        return config

    def land(self, *files: LandedFile) -> None:
        for file in files:
            assert self.tracker.register(file)

    def work(self) -> Mapping[str, PendingWork]:
        return DynamoDbPendingWork(self.dynamodb, "files").pending_work()

    def keep(self, entry: Quarantined) -> None:
        self.quarantine.keep(entry)

    def hold(self, *files: LandedFile, reason: str = "its objects were copied") -> None:
        """Do what a refresh does that holds files."""
        config = table_config(source_table_name=files[0].source_table_name)
        held = HeldFiles(files[0].file_id, reason, tuple(file.held(reason) for file in files))
        refresh = RefreshPlan(RefreshKind.CHANGES, (), (), TableState(), held=(held,))
        for entry in entries_of(config, refresh):
            self.keep(entry)
        self.refresh(config, refresh.set_aside)

    def refresh(self, config: RawTableConfig, files: Sequence[LandedFile], **fields: Any) -> None:
        """Do what a refresh writes at its end; `fields` belong to its outcome or its record."""
        lease = self.leases.acquire(config.qualified_name, fields.pop("run", "jr_1"))
        assert lease is not None
        outcome = RefreshOutcome(
            config.qualified_name,
            config.source_table_name,
            fields.pop("status", RefreshStatus.COMPLETED),
            "2026-11-28T10:00:00.000+00:00",
            "2026-11-28T10:01:00.000+00:00",
            fields.pop("counts", RowCounts(1, 2, 3)),
            len(files),
            error=fields.pop("error", ""),
            engine=fields.pop("engine", Engine.SPARK),
            beyond_engine=fields.pop("beyond_engine", ""),
            advice=fields.pop("advice", ""),
        )
        self.run_log.append(lease, RunRecord(outcome, tuple(files), closes=True, **fields))

    def odp(self, *arguments: str, answers: str = "") -> Result:
        return CliRunner().invoke(app, [*arguments, "--env", ENV, "--platform", str(PLATFORM)], input=answers)

    def json(self, *arguments: str) -> dict[str, Any]:
        result = self.odp(*arguments, "--json")
        assert result.exit_code == 0, (result.output, result.exception)
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    def statuses(self) -> dict[str, str]:
        """Give the status of every file in the history by file name."""
        items = self.dynamodb.Table("files_history").scan()["Items"]
        return {_name(item): str(item["file_ingestion_status"]) for item in items}

    def pending(self) -> dict[str, bool]:
        """Map the name of every pending file to whether it is approved."""
        items = self.dynamodb.Table("files").scan()["Items"]
        return {_name(item): bool(item.get("approved")) for item in items if "file_ingestion_path" in item}

    def summary(self) -> dict[str, tuple[int, int]]:
        return {name: (each.files, each.registrations) for name, each in self.work().items()}

    def kept(self, kind: str = "") -> list[dict[str, Any]]:
        items = self.dynamodb.Table("quarantine").scan()["Items"]
        found = [item for item in items if not kind or item["quarantine_kind"] == kind]
        return sorted(found, key=lambda item: str(item["entry_id"]))

    def decisions(self) -> list[tuple[Any, ...]]:
        names = ("command", "decided_by", "reason", "before", "after", "progress", "changed")
        return [tuple(item.get(name) for name in names) for item in self.kept("decision")]


def _name(item: dict[str, Any]) -> str:
    return str(item["file_ingestion_path"]).rsplit("/", 1)[-1]


def mend(result: Result) -> str:
    """Give the message of a command that could not answer."""
    assert result.exit_code != 0
    return str(result.exception)


@pytest.fixture
def lake(dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch) -> Lake:
    caller = SimpleNamespace(get_caller_identity=lambda: {"Arn": CALLER})
    session = SimpleNamespace(client=lambda name: caller if name == "sts" else client(name), resource=resource)
    monkeypatch.setattr(operated_lake, "session_in", lambda *_: session)
    monkeypatch.setattr(operated_lake, "TABLES", TABLES)
    monkeypatch.setenv("COLUMNS", "250")
    return Lake(dynamodb)


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at_release(monkeypatch: pytest.MonkeyPatch, file_id: str = "") -> Iterator[None]:
    """End the running command when it is about to release a file; any file if none is named."""
    release = DynamoDbFileDecisions.release

    def die_at_it(self: DynamoDbFileDecisions, table: str, released: str) -> bool:
        if file_id in ("", released):
            raise Killed
        return release(self, table, released)

    with monkeypatch.context() as patch:
        patch.setattr(DynamoDbFileDecisions, "release", die_at_it)
        with pytest.raises(Killed):
            yield
