"""The sweep as Lambda calls it: what it counts for people to be told, and how often."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from odp.configuration import item_of
from odp.dms import DmsReplications
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.run_log import DynamoDbRunLog
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.dynamodb.told_states import DynamoDbPlannedCadences, DynamoDbToldStates
from odp.file_manager import sweep
from odp.file_manager.missing_files import Found
from odp.file_manager.registration import listed_object, rejection_of
from odp.file_manager.staging_sweep import Swept
from odp.file_processor.selection.readability import entries_of
from odp.records import LandedFile
from odp.refresh import (
    HeldFiles,
    RefreshKind,
    RefreshOutcome,
    RefreshPlan,
    RefreshStatus,
    RunRecord,
    TableState,
)
from odp.sns_topic import SnsTopic
from odp.state_changes import NOTHING_TOLD, Told

from lake.landing.listings import ObjectVersion
from lake.landing.object_created import RejectedFile
from lake.landing.s3_listing import S3Listing
from lake.ledger.sweep_state import DynamoDbSweepState
from tests import moto_session
from tests.function_call import CallContext, metrics_in
from tests.unit.odp.samples import RUN_LOG_TABLES, batch_config, table_config
from tests.unit.two_regions import TwoRegions, settings_json

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

VARIABLES = {
    "FILE_TRACKER_TABLE": "files",
    "FILE_TRACKER_HISTORY_TABLE": "files_history",
    "FILE_PROCESSING_TRACKER_TABLE": "leases",
    "QUARANTINE_TABLE": "quarantine",
    "BATCH_CONFIG_TABLE": "batch_config",
    "RAW_TABLE_CONFIG_TABLE": "table_config",
    "CONFIG_DEPLOY_TRACKER_TABLE": "deploy_tracker",
    "STAGING_BUCKET": "staging",
    "SOURCES": '{"default":{"folder":""}}',
    "LANDED_FILE_DAYS": "90",
    "LAKE": "odp-dev",
    "ENVIRONMENT": "dev",
    "SCHEDULES": "enabled",
    "SCHEDULE_NAMES": "odpf_file_processor_",
    "TOPIC_ARN": "arn:aws:sns:us-east-1:222222222222:alerts",
    "REPLICATIONS": "{}",
}


@pytest.fixture
def staging(dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    s3 = moto_session.client("s3")
    s3.create_bucket(Bucket="staging")
    s3.put_bucket_versioning(Bucket="staging", VersioningConfiguration={"Status": "Enabled"})
    return s3


@pytest.fixture(autouse=True)
def mails(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that people got."""
    found: list[str] = []
    monkeypatch.setattr(SnsTopic, "publish", lambda _, subject, text: found.append(f"{subject}\n{text}"))
    return found


def subjects(mails: list[str]) -> list[str]:
    found = [mail.partition("\n")[0] for mail in mails]
    mails.clear()
    return sorted(found)


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    lines = metrics_in(capsys.readouterr().out)
    names = [line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"] for line in lines]
    return {name: line[name] for name, line in zip(names, lines, strict=True)}


def test_files_that_have_just_landed_are_registered_and_ring_no_alarm_for_missed_ones(
    staging: Any, capsys: pytest.CaptureFixture[str], mails: list[str]
) -> None:
    """Code review C10: MissedFiles rang at each sweep under load although nothing was missed."""
    staging.put_object(Bucket="staging", Key="s/t/LOAD00000001.parquet", Body=b"x")
    assert sweep.handle({}, CallContext()) == {"landed": 1, "missed": 0, "rejected": 0}
    assert metrics(capsys) == {}
    assert "odp quarantine show s.t --env dev" in mails[0]
    assert subjects(mails) == ["odp-dev: files of s.t land, which no manifest names"]
    assert sweep.handle({}, CallContext())["landed"] == 0
    assert (metrics(capsys), mails) == ({}, []), "a table without a manifest is told once"


def test_each_thing_that_needs_a_person_is_counted_under_its_alarms_name(
    staging: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, mails: list[str]
) -> None:
    staging.put_object(Bucket="staging", Key="s/t/LOAD00000001.parquet", Body=b"x")
    sweep.handle({}, CallContext())
    capsys.readouterr()
    mails.clear()
    swept = Swept(Found(landed=3, missed=2, rejected=1), round_hours=25)
    monkeypatch.setattr("odp.file_manager.staging_sweep.Sweep.run", lambda *_: swept)
    monkeypatch.setenv("LANDED_FILE_DAYS", "6")
    assert sweep.handle({}, CallContext()) == {"landed": 3, "missed": 2, "rejected": 1}
    assert metrics(capsys) == {"MissedFiles": 2, "RejectedFiles": 1, "SlowSweeps": 1}
    assert subjects(mails) == ["odp-dev: files of s.t expire within 7 days"]
    sweep.handle({}, CallContext())
    assert mails == [], "code review C10: the alarm rang every hour, and named no table"


def test_load_whose_objects_were_deleted_is_noticed_within_a_day_and_told_once(
    staging: Any, dynamodb: "DynamoDBServiceResource", mails: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A table whose source was truncated kept its rows in silence until somebody ran `odp status --check`."""
    loaded(dynamodb, staging)
    sweep.handle({}, CallContext())
    assert mails == []
    staging.delete_object(Bucket="staging", Key="s/t/LOAD00000001.parquet")
    sweep.handle({}, CallContext())
    assert (vanished(dynamodb), mails) == ([], []), "it looks once a day"
    a_day_passes(dynamodb)
    sweep.handle({}, CallContext())
    assert vanished(dynamodb) == ["s.t"]
    assert "odp reload s.t --empty --env dev" in mails[0]
    assert capsys.readouterr().out.count('"s.t: all objects of its load are gone"') == 1
    assert subjects(mails) == ["odp-dev: all objects of the load in s.t are gone"]
    a_day_passes(dynamodb)
    sweep.handle({}, CallContext())
    assert (vanished(dynamodb), mails) == (["s.t"], [])


@pytest.mark.parametrize(("days", "rings"), [(82, False), (84, True), (300, True)])
@pytest.mark.parametrize("key", ["LOAD00000001", "20260101-000000001"])
def test_held_files_that_are_about_to_expire_are_told(
    staging: Any,
    dynamodb: "DynamoDBServiceResource",
    mails: list[str],
    days: int,
    rings: bool,
    key: str,
) -> None:
    """They are in the history, not pending; after landed_file_days nobody can approve them any more."""
    keep_held(dynamodb, key, f"{sweep._now() - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}")
    sweep.handle({}, CallContext())
    sweep.handle({}, CallContext())
    assert subjects(mails) == ["odp-dev: files of s.t expire within 7 days"] * rings


@pytest.mark.parametrize(("days", "rings"), [(82, False), (84, True), (300, False)])
def test_rejected_files_that_a_person_may_still_want_are_told_before_they_expire_and_not_for_ever(
    staging: Any, dynamodb: "DynamoDBServiceResource", mails: list[str], days: int, rings: bool
) -> None:
    keep_rejected(dynamodb, "a", f"{sweep._now() - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}")
    for _ in range(2):
        sweep.handle({}, CallContext())
        a_day_passes(dynamodb)
    assert subjects(mails) == ["odp-dev: rejected files expire within 7 days"] * rings


@pytest.mark.parametrize("is_later", [False, True])
@pytest.mark.parametrize("kind", ["held", "rejected"])
def test_files_that_expire_in_a_later_week_are_told_of_again(
    staging: Any,
    dynamodb: "DynamoDBServiceResource",
    mails: list[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    is_later: bool,
) -> None:
    """The first message was the last one: what expired later was lost in silence."""
    keep = {"held": keep_held, "rejected": keep_rejected}[kind]
    titles = {
        "held": "odp-dev: files of s.t expire within 7 days",
        "rejected": "odp-dev: rejected files expire within 7 days",
    }
    tuesday = datetime(2026, 6, 30, 12, tzinfo=UTC)
    keep(dynamodb, "LOAD00000001", "2026-04-06T00:00:00Z")
    if is_later:
        keep(dynamodb, "LOAD00000002", "2026-04-14T00:00:00Z")
    told = []
    for day in (0, 1, 6, 7, 13):
        monkeypatch.setattr(sweep, "_now", partial(tuesday.__add__, timedelta(days=day)))
        a_day_passes(dynamodb)
        sweep.handle({}, CallContext())
        told += [(day, mail.partition("\n")[0]) for mail in mails]
        mails.clear()
    assert told[0] == (0, titles[kind])
    assert [(day, title.partition(",")[0]) for day, title in told[1:]] == [(6, titles[kind])] * is_later


def keep_held(dynamodb: "DynamoDBServiceResource", name: str, landed_at: str) -> None:
    found = listed_object(ObjectVersion("staging", f"s/t/{name}.parquet", "v1", "e", 5, landed_at))
    assert isinstance(found, LandedFile)
    held = HeldFiles(found.file_id, "its objects were copied", (found.held("its objects were copied"),))
    refresh = RefreshPlan(RefreshKind.CHANGES, (), (), TableState(), held=(held,))
    for entry in entries_of(table_config(), refresh):
        DynamoDbQuarantine(dynamodb, "quarantine").keep(entry)


def keep_rejected(dynamodb: "DynamoDBServiceResource", name: str, landed_at: str) -> None:
    found = listed_object(ObjectVersion("staging", f"s/t/{name}.csv", "v1", "e", 5, landed_at))
    assert isinstance(found, RejectedFile)
    DynamoDbQuarantine(dynamodb, "quarantine").keep(rejection_of(found))


def loaded(dynamodb: "DynamoDBServiceResource", staging: Any) -> None:
    """Configure a table that holds a load of one part."""
    dynamodb.Table("batch_config").put_item(Item=item_of(batch_config()))
    dynamodb.Table("table_config").put_item(Item=item_of(table_config()))
    staging.put_object(Bucket="staging", Key="s/t/LOAD00000001.parquet", Body=b"x")
    (stored,) = S3Listing({"staging": "staging"}).versions("staging", "s/t/")
    found = listed_object(stored)
    assert isinstance(found, LandedFile)
    DynamoDbFileTracker(dynamodb, "files", "files_history").register(found)
    lease = DynamoDbTableLeases(dynamodb, "leases").acquire("db.t", "jr_1")
    assert lease is not None
    outcome = RefreshOutcome("db.t", "s.t", RefreshStatus.COMPLETED, "t0", "t1")
    run_log = DynamoDbRunLog(dynamodb, RUN_LOG_TABLES)
    run_log.append(lease, RunRecord(outcome, (found.applied(1),), closes=True))


def a_day_passes(dynamodb: "DynamoDBServiceResource") -> None:
    states = DynamoDbSweepState(dynamodb, "files", "staging")
    states.save(replace(states.load(), loads_began="2026-01-01T00:00:00+00:00"))


def vanished(dynamodb: "DynamoDBServiceResource") -> list[str]:
    items = dynamodb.Table("quarantine").scan()["Items"]
    return [str(item["source_table_name"]) for item in items if item["quarantine_kind"] == "vanished_load"]


def test_run_ends_before_its_time_is_over_and_leaves_some_to_a_look_that_is_due(
    staging: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def run(_: Any, ends_at: Any) -> Swept:
        told.append(ends_at - sweep._now())
        return Swept(Found())

    monkeypatch.setattr("odp.file_manager.staging_sweep.Sweep.run", run)
    sweep.handle({}, CallContext())
    sweep.handle({}, CallContext())
    before_the_look, without = (left.total_seconds() for left in told)
    page, telling, look = 90, 120, 180
    assert 480 < before_the_look <= 900 - page - telling - look
    assert 660 < without <= 900 - page - telling


def late_table(dynamodb: "DynamoDBServiceResource") -> None:
    """Configure a table with a file that has waited long."""
    dynamodb.Table("batch_config").put_item(Item=item_of(batch_config()))
    dynamodb.Table("table_config").put_item(Item=item_of(table_config()))
    landed_at = f"{sweep._now() - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    found = listed_object(ObjectVersion("staging", "s/t/LOAD00000001.parquet", "v1", "e", 5, landed_at))
    assert isinstance(found, LandedFile)
    DynamoDbFileTracker(dynamodb, "files", "files_history").register(found)


@pytest.mark.parametrize(
    "broken",
    [
        "odp.file_manager.staging_sweep.Sweep.run",
        "odp.file_manager.vanished_look.VanishedLook.run",
        "odp.file_manager.vanished_look.VanishedLook.is_due",
        "odp.file_manager.sweep.keep_unconfigured_tables",
    ],
)
def test_sweep_that_fails_hides_no_late_table(
    staging: Any,
    dynamodb: "DynamoDBServiceResource",
    monkeypatch: pytest.MonkeyPatch,
    mails: list[str],
    broken: str,
) -> None:
    def fails(*_: Any) -> None:
        raise PermissionError("the bucket lists nothing")

    late_table(dynamodb)
    monkeypatch.setattr(broken, fails)
    with pytest.raises(PermissionError):
        sweep.handle({}, CallContext())
    assert subjects(mails) == ["odp-dev: s.t is late"]


@pytest.mark.parametrize(
    "broken", ["silent", "expiring", "expiring_rejected", "of_entries", "unconfigured_anymore", "late"]
)
def test_judgement_that_fails_hides_no_other_and_is_counted(
    staging: Any,
    dynamodb: "DynamoDBServiceResource",
    monkeypatch: pytest.MonkeyPatch,
    mails: list[str],
    capsys: pytest.CaptureFixture[str],
    broken: str,
) -> None:
    def fails(*_: Any) -> None:
        raise ValueError("nobody foresaw this")

    late_table(dynamodb)
    key = "s/u/LOAD00000001.parquet"
    staging.put_object(Bucket="staging", Key=key, Body=b"x")
    monkeypatch.setattr(f"odp.file_manager.sweep_states.SweepStates.{broken}", fails)
    sweep.handle({}, CallContext())
    others = {"late": "odp-dev: s.t is late", "of_entries": "odp-dev: files of s.u land, which no manifest names"}
    others.pop(broken, None)
    assert subjects(mails) == sorted(others.values())
    assert metrics(capsys)["UntoldChanges"] == 1


class Throttled:
    """DMS, which refuses to answer about some sources."""

    class exceptions:  # noqa: N801 - as boto3 names it
        InvalidResourceStateFault = ResourceNotFoundFault = KeyError

    def __init__(self, *refused: str) -> None:
        self._refused = refused

    def describe_replication_table_statistics(self, *, ReplicationConfigArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        source = ReplicationConfigArn.rsplit("-", 1)[1]
        if source in self._refused:
            raise PermissionError("ThrottlingException")
        table = {"SchemaName": source, "TableName": "t", "TableState": "Table error"}
        return {"ReplicationTableStatistics": [table]}


@pytest.mark.parametrize("refused", [(), ("erp",), ("shop",), ("web", "shop")])
def test_a_source_that_dms_does_not_answer_about_hides_no_suspended_table_of_another(
    staging: Any, monkeypatch: pytest.MonkeyPatch, mails: list[str], capsys: pytest.CaptureFixture[str], refused: Any
) -> None:
    sources = ("erp", "shop", "web")
    arns = {source: f"arn:aws:dms:us-east-1:2:replication-config:odp-dev-{source}" for source in sources}
    monkeypatch.setenv("REPLICATIONS", json.dumps(arns))
    monkeypatch.setattr(DmsReplications, "_dms", Throttled(*refused))
    sweep.handle({}, CallContext())
    answered = [source for source in sources if source not in refused]
    assert subjects(mails) == [f"odp-dev: DMS has stopped replicating {source}:{source}.t" for source in answered]
    assert metrics(capsys).get("UntoldChanges", 0) == int(bool(refused)), "people learn that something is unknown"


def test_table_that_failed_once_and_whose_later_runs_are_all_killed_is_told_as_late(
    staging: Any, dynamodb: "DynamoDBServiceResource", mails: list[str]
) -> None:
    late_table(dynamodb)
    told = DynamoDbToldStates(dynamodb, "files")
    claim = told.claim("refresh/db.t", NOTHING_TOLD)
    assert claim
    told.note("refresh/db.t", claim, Told(frozenset({"E-1"})))
    sweep.handle({}, CallContext())
    assert subjects(mails) == ["odp-dev: s.t is late"], "nothing is known of a refresh that failed"
    told.note("late/s.t", told.claim("late/s.t", told.known()["late/s.t"]) or "", NOTHING_TOLD)
    for minutes in (5, 60):
        ended = (sweep._now() - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
        failed = RefreshOutcome("db.t", "s.t", RefreshStatus.ERROR, ended, ended, error="E: no")
        lease = DynamoDbTableLeases(dynamodb, "leases").acquire("db.t", "jr_1")
        assert lease
        DynamoDbRunLog(dynamodb, RUN_LOG_TABLES).append(lease, RunRecord(failed, closes=True))
        DynamoDbTableLeases(dynamodb, "leases", seconds=-1).acquire("db.t", "jr_2")
        sweep.handle({}, CallContext())
        assert subjects(mails) == ["odp-dev: s.t is late"] * (minutes == 60), "of ten minutes, three cadences"


def test_what_says_nothing_more_is_forgotten_once_a_day_and_a_removed_cadence_at_once(
    staging: Any, dynamodb: "DynamoDBServiceResource", mails: list[str]
) -> None:
    told = DynamoDbToldStates(dynamodb, "files", clock=lambda: sweep._seconds() - 100_000)
    for subject, problems in (("refresh/db.t", frozenset[str]()), ("start/10_min_refresh", frozenset({"silent"}))):
        claim = told.claim(subject, NOTHING_TOLD)
        assert claim
        told.note(subject, claim, Told(problems, recent=(int(sweep._seconds()) - 100_000,)))
    DynamoDbPlannedCadences(dynamodb, "files").planned("10_min_refresh")
    sweep.handle({}, CallContext())
    assert list(told.known()) == ["start/10_min_refresh"]
    assert DynamoDbPlannedCadences(dynamodb, "files").last_planned() == {}
    told.note("refresh/db.t", told.claim("refresh/db.t", NOTHING_TOLD) or "", NOTHING_TOLD)
    sweep.handle({}, CallContext())
    assert sorted(told.known()) == ["refresh/db.t", "start/10_min_refresh"], "it looks once a day"
    a_day_passes(dynamodb)
    dynamodb.Table("files").update_item(
        Key={"source_table_name": "#told", "file_id": "start/10_min_refresh"},
        UpdateExpression="SET recent = :long_ago",
        ExpressionAttributeValues={":long_ago": "1000"},
    )
    sweep.handle({}, CallContext())
    assert (told.known(), mails) == ({}, [])


@pytest.mark.parametrize(
    ("mode", "active", "told"),
    [("cold", "us-west-2", []), ("warm", "us-west-2", []), ("cold", "us-east-1", ["odp-dev: s.t is late"])],
)
def test_standby_does_not_report_tables_that_are_meant_to_be_behind(
    staging: Any,
    dynamodb: "DynamoDBServiceResource",
    mails: list[str],
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    active: str,
    told: list[str],
) -> None:
    monkeypatch.setenv("REGIONS", settings_json(mode=mode))
    assert TwoRegions(dynamodb).begin(1, active)
    late_table(dynamodb)
    sweep.handle({}, CallContext())
    assert subjects(mails) == told
