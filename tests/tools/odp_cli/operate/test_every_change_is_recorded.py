"""No command changes a lake without a record of who did it and why; a dry run and a `no` change nothing.

What a command changes is read from its requests to AWS, and every command of the command line is in this test.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import botocore.client
import pytest
import typer.main
from odp.file_manager.registration import keep_unconfigured_tables, malformed_entry, rejection_of
from odp.file_manager.vanished_loads import VanishedLoad
from odp.records import LandedFile, Quarantined, QuarantineKind
from odp.refresh import RefreshStatus
from odp_cli.app import app
from odp_cli.migration import lake_ledger
from typer.testing import CliRunner

from deployment_account.environments import load_platform
from deployment_account.names import Odp, Shared
from deployment_account.sources import sources_json
from lake.landing.object_created import EventError, RejectedFile, malformed
from tests.moto_session import client, resource
from tests.tools.odp_cli.migration.conftest import FORMAT_1
from tests.tools.odp_cli.operate.conftest import CALLER, ENV, PLATFORM, TABLES, Lake, change, mend, part
from tests.unit.odp.samples import table_config

WHY = "ticket 4711"
READ_ONLY = {
    "config validate", "config diff", "config infer", "config import",
    "quarantine list", "quarantine show",
    "region status",
    "status",  # status --check has no record, which docs/operations.md says
}  # fmt: skip
OF_DMS = {f"replication {verb}" for verb in ("status", "start", "stop", "reload")}
"""They reach DMS and nothing of the lake, as test_replication.py shows; CloudTrail has who called DMS."""
RECORDED_BY_EPOCHS = {"failover", "failback"}
"""An epoch says who began it, when and why, and is never changed, as tests/tools/odp_cli/regions shows."""
NEVER_ASK = ("skip", "ledger migrate")
_READS = ("Get", "BatchGet", "Query", "Scan", "List", "Describe", "Head")


@dataclass
class Requests:
    """What was sent to AWS, and what of it may change something, in its order."""

    writes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    all: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        taken, self.writes, self.all = self.writes, [], []
        return taken


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    found = Requests()
    call = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined] # the stubs lack it

    def noted(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        found.all.append((operation, parameters))
        if not operation.startswith(_READS):
            found.writes.append((operation, parameters))
        return call(self, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", noted)
    return found


def number(lake: Lake, kind: str) -> str:
    (entry,) = lake.json("quarantine", "list", "--kind", kind)["entries"]
    return str(entry["entry"])


def held(lake: Lake, *files: LandedFile) -> None:
    lake.configure()
    lake.land(*files)
    lake.hold(*files)


def without_files(lake: Lake, *files: LandedFile) -> None:
    """A command before has decided about the files of an entry, and died before it took the entry out."""
    held(lake, *files)
    for file in files:
        lake.dynamodb.Table("files_history").delete_item(
            Key={"source_table_name": file.source_table_name, "file_id": file.file_id}
        )


def of_entry(verdict: str, kind: str, prepare: Callable[[Lake], Any]) -> Callable[[Lake], list[str]]:
    def command(lake: Lake) -> list[str]:
        prepare(lake)
        return ["quarantine", verdict, number(lake, kind)]

    return command


def of_table(*options: str, prepare: Callable[[Lake], Any]) -> Callable[[Lake], list[str]]:
    def command(lake: Lake) -> list[str]:
        prepare(lake)
        return ["reload", "s.t", *options]

    return command


def no_longer_configured(prepare: Callable[[Lake], Any]) -> Callable[[Lake], Any]:
    def prepared(lake: Lake) -> None:
        prepare(lake)
        for item in lake.dynamodb.Table("table_config").scan()["Items"]:
            keys = {each["AttributeName"] for each in lake.dynamodb.Table("table_config").key_schema}
            lake.dynamodb.Table("table_config").delete_item(Key={name: item[name] for name in keys})

    return prepared


def a_load(lake: Lake) -> None:
    held(lake, part(1), part(2))


def a_late_change(lake: Lake) -> None:
    held(lake, change(1))


def a_load_without_files(lake: Lake) -> None:
    without_files(lake, part(1), part(2))


def a_late_change_without_files(lake: Lake) -> None:
    without_files(lake, change(1))


def a_refused_table(lake: Lake) -> None:
    config = lake.configure()
    lake.land(change(1))
    wrong = {"status": RefreshStatus.ERROR, "error": "column A is a text now", "refused": True}
    lake.refresh(config, [], **wrong, refused_registrations=2, refused_configuration=config.digest)


def an_unconfigured_table(lake: Lake) -> None:
    lake.land(change(1), change(2))
    keep_unconfigured_tables(lake.work(), {}, lake.quarantine)


def an_unconfigured_table_without_files(lake: Lake) -> None:
    an_unconfigured_table(lake)
    for file in (change(1), change(2)):
        assert lake.odp("skip", file.key, "--reason", "before").exit_code == 0
    for item in lake.kept("decision"):
        key = {name: item[name] for name in ("quarantine_kind", "entry_id")}
        lake.dynamodb.Table("quarantine").delete_item(Key=key)


def a_table_configured_by_now(lake: Lake) -> None:
    an_unconfigured_table(lake)
    lake.configure()


def a_rejected_file(lake: Lake) -> None:
    lake.keep(
        rejection_of(RejectedFile("a" * 32, "staging", "s/readme.txt", "e1", 3, "2026-11-28T00:00:00Z", "no DMS file"))
    )


def a_malformed_message(lake: Lake) -> None:
    lake.keep(malformed_entry(malformed("{", EventError("no JSON"))))


def a_skipped_file(lake: Lake) -> None:
    details = {"source_table_name": "s.t", "file_ingestion_path": "s/t/gone.parquet"}
    lake.keep(Quarantined(QuarantineKind.SKIPPED_FILE, "1/gone/x", "its object was deleted", details))


def a_vanished_load(lake: Lake) -> None:
    landed = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    parts = (part(1, landed_at=landed),)
    client("s3").create_bucket(Bucket="bucket")
    client("ssm").put_parameter(Name=f"/odp/test/{Shared.STAGING_BUCKET}", Value="bucket", Type="String")
    lake.configure()
    lake.land(*parts)
    lake.refresh(table_config(), [file.applied(1) for file in parts])
    lake.keep(VanishedLoad(parts, landed).entry())


def a_pending_file(lake: Lake) -> list[str]:
    lake.configure()
    lake.land(change(1))
    return ["skip", change(1).key]


def ledger_of_format_1(lake: Lake) -> list[str]:
    at_the_top = json.loads(json.dumps(FORMAT_1).replace('"dms/', '"'))  # where this environment's source writes
    for table, items in at_the_top.items():
        for item in items:
            client("dynamodb").put_item(TableName=table, Item=item)
    for name, bucket in ((Shared.STAGING_BUCKET, "staging"), (Shared.RAW_BUCKET, "raw")):
        value = f"odp-dev-{bucket}-222222222222-us-east-1"
        client("ssm").put_parameter(Name=f"/odp/test/{name}", Value=value, Type="String")
    client("s3").create_bucket(Bucket="odp-dev-staging-222222222222-us-east-1")
    return ["ledger", "migrate"]


COMMANDS: dict[str, Callable[[Lake], list[str]]] = {
    "approve a load": of_table("--approve", prepare=a_load),
    "approve one part": of_table("--approve", "--part", part(2).name, prepare=a_load),
    "dismiss a load": of_table("--dismiss", prepare=a_load),
    "approve without held files": of_table("--approve", prepare=a_load_without_files),
    "dismiss without held files": of_table("--dismiss", prepare=a_load_without_files),
    "approve without held changes": of_table("--approve", prepare=a_late_change_without_files),
    "approve without files and manifest": of_table("--approve", prepare=no_longer_configured(a_load_without_files)),
    "empty": of_table("--empty", prepare=a_vanished_load),
    "release a load": of_entry("release", "held_load", a_load),
    "dismiss an entry of a load": of_entry("dismiss", "held_load", a_load),
    "release late changes": of_entry("release", "held_file", a_late_change),
    "dismiss late changes": of_entry("dismiss", "held_file", a_late_change),
    "release a load without files": of_entry("release", "held_load", a_load_without_files),
    "dismiss a load without files": of_entry("dismiss", "held_load", a_load_without_files),
    "release changes without files": of_entry("release", "held_file", a_late_change_without_files),
    "dismiss changes without files": of_entry("dismiss", "held_file", a_late_change_without_files),
    "dismiss without files and manifest": of_entry("dismiss", "held_load", no_longer_configured(a_load_without_files)),
    "release a refused table": of_entry("release", "refused_table", a_refused_table),
    "dismiss an unconfigured table": of_entry("dismiss", "unconfigured_table", an_unconfigured_table),
    "dismiss an unconfigured table without files": of_entry(
        "dismiss", "unconfigured_table", an_unconfigured_table_without_files
    ),
    "dismiss a table configured by now": of_entry("dismiss", "unconfigured_table", a_table_configured_by_now),
    "dismiss a rejected file": of_entry("dismiss", "rejected_file", a_rejected_file),
    "dismiss a malformed message": of_entry("dismiss", "malformed_message", a_malformed_message),
    "dismiss a skipped file": of_entry("dismiss", "skipped_file", a_skipped_file),
    "dismiss a vanished load": of_entry("dismiss", "vanished_load", a_vanished_load),
    "skip": a_pending_file,
    "migrate": ledger_of_format_1,
}


@pytest.fixture
def operated(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The same lake for `odp ledger migrate`, with this release deployed."""
    environment = load_platform(PLATFORM).environments[ENV]
    variables = {"SOURCES": sources_json(environment.sources)}
    clients = {
        "sts": SimpleNamespace(get_caller_identity=lambda: {"Arn": CALLER}),
        "lambda": SimpleNamespace(
            get_function_configuration=lambda **_: {"Environment": {"Variables": variables}},
        ),
    }
    client("ssm").put_parameter(Name=f"/odp/test/{Odp.FILE_MANAGER_FUNCTION}", Value="function", Type="String")
    session = SimpleNamespace(client=lambda name: clients.get(name) or client(name), resource=resource)
    monkeypatch.setattr(lake_ledger, "session_in", lambda *_: session)
    monkeypatch.setattr(lake_ledger, "TABLES", TABLES)
    monkeypatch.setattr(
        lake_ledger, "LEDGER_TABLES", ("files", "files_history", "leases", "quarantine", "deploy_tracker")
    )
    return lake


@pytest.mark.parametrize("name", COMMANDS)
def test_change_is_recorded_before_it_is_made_with_the_persons_own_reason(
    operated: Lake, requests: Requests, name: str
) -> None:
    arguments = COMMANDS[name](operated)
    requests.take()
    agreed = () if " ".join(arguments).startswith(NEVER_ASK) else ("--yes",)
    result = operated.odp(*arguments, "--reason", WHY, *agreed)
    assert result.exit_code == 0, (result.output, result.exception)
    (operation, first), *changes = requests.take()
    assert operation == "PutItem"
    assert (first["TableName"], first["Item"]["quarantine_kind"]) == ("quarantine", "decision")
    assert changes[:-1], "this command is here because it changes something"
    (decision,) = operated.kept("decision")
    assert (decision["decided_by"], decision["reason"], decision["progress"]) == (CALLER, WHY, "done")
    assert decision["command"].startswith(f"odp {arguments[0]}")
    assert decision["changed"] == decision["subject_count"] >= 1
    assert decision["quarantined_at"]
    assert decision["before"] != decision["after"]


@pytest.mark.parametrize("as_json", [(), ("--json",)])
@pytest.mark.parametrize("name", COMMANDS)
def test_dry_run_changes_and_records_nothing(
    operated: Lake, requests: Requests, name: str, as_json: tuple[str, ...]
) -> None:
    arguments = COMMANDS[name](operated)
    requests.take()
    result = operated.odp(*arguments, "--reason", WHY, "--dry-run", *as_json)
    assert result.exit_code == 0, (result.output, result.exception)
    assert requests.take() == []
    assert "✓" not in result.output


@pytest.mark.parametrize("name", [each for each in COMMANDS if each not in ("skip", "migrate")])
def test_person_is_asked_before_anything_changes(operated: Lake, requests: Requests, name: str) -> None:
    arguments = COMMANDS[name](operated)
    requests.take()
    assert operated.odp(*arguments, "--reason", WHY, answers="n\n").exit_code == 1
    assert "add --yes" in mend(operated.odp(*arguments, "--reason", WHY, "--json"))
    assert requests.take() == []


def test_every_command_that_is_not_read_only_is_walked(operated: Lake) -> None:
    known = set(_commands(typer.main.get_command(app), ""))
    walked = {" ".join(path) for path in (["quarantine", "release"], ["quarantine", "dismiss"], ["reload"], ["skip"])}
    assert known == READ_ONLY | OF_DMS | RECORDED_BY_EPOCHS | walked | {"ledger migrate"}


def test_former_name_of_the_migration_still_works() -> None:
    assert CliRunner().invoke(app, ["books", "migrate", "--help"]).exit_code == 0


def _commands(command: object, path: str) -> Iterator[str]:
    for name, each in getattr(command, "commands", {}).items():
        if getattr(each, "hidden", False):  # a former name of another command
            continue
        below = f"{path} {name}".strip()
        yield from _commands(each, below) if hasattr(each, "commands") else [below]


@pytest.mark.parametrize("verdict", ["release", "dismiss"])
@pytest.mark.parametrize("prepare", [a_load_without_files, a_late_change_without_files])
def test_person_reads_that_only_the_entry_goes_if_none_of_its_files_is_held(
    lake: Lake, prepare: Callable[[Lake], None], verdict: str
) -> None:
    prepare(lake)
    (entry,) = lake.json("quarantine", "list")["entries"]
    result = lake.odp("quarantine", verdict, entry["entry"], "--reason", WHY, "--yes")
    assert "held files" not in result.output
    assert "take out the entry" in result.output
    assert lake.json("quarantine", "list")["entries"] == []


def test_only_the_named_entry_goes_if_several_have_no_files(lake: Lake) -> None:
    a_load_without_files(lake)
    without_files(lake, change(1))
    lake.odp("quarantine", "release", number(lake, "held_load"), "--yes")
    assert [len(lake.kept(kind)) for kind in ("held_load", "held_file")] == [0, 1]


@pytest.mark.parametrize("verdict", ["release", "dismiss"])
def test_entry_whose_files_a_run_may_be_about_to_hold_stays_and_the_person_reads_why(
    lake: Lake, requests: Requests, verdict: str
) -> None:
    a_load_without_files(lake)
    entry = number(lake, "held_load")
    lake.leases.acquire("db.t", "jr_2")
    requests.take()
    told = mend(lake.odp("quarantine", verdict, entry, "--reason", WHY, "--yes"))
    assert "may be about to hold" in told
    assert requests.take() == []
