"""What the deployed function tells people at the end of executions."""

import json
from typing import Any

import pytest
from odp.dynamodb.planning import DynamoDbCadenceClaims
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.dynamodb.told_states import DynamoDbPlannedCadences
from odp.file_processor.batch_refresh import refresh_batch
from odp.file_processor.planning import STANDBY
from odp.records import Quarantined, QuarantineKind
from odp.state_changes import Told

from lake.errors import ServiceUnavailableError, TerminalError
from tests.function_call import logs_in, metrics_in
from tests.unit.odp.file_processor.told_world import CADENCE, DeathError, World, world
from tests.unit.odp.samples import table_config

__all__ = ["world"]

NO_COLUMN = "RejectedInputError: s3://staging/s/t/20260101-%09d.parquet has no column PK_ID (it has ROW_ID)"


def test_refused_table_that_nothing_starts_is_told_by_the_next_plan_if_its_execution_died_and_never_again(
    world: World,
) -> None:
    world.configure("t")
    world.ends("t", NO_COLUMN % 1, refused=True)
    table = world.dynamodb.Table("leases")
    (item,) = table.scan()["Items"]
    digest = table_config(source_table_name="s.t", raw_table_name="t").digest
    table.put_item(Item={**item, "refused_configuration": digest})
    for _ in range(3):
        world.execution_ends(step="plan")
    assert world.subjects() == ["odp-dev: db.t is refused"]


def test_message_names_the_table_what_happened_since_when_what_waits_and_the_command(world: World) -> None:
    world.configure("t")
    world.land("t")
    world.ends("t", NO_COLUMN % 7, refused=True)
    world.execution_ends()
    ((subject, text),) = world.mails
    assert subject == "odp-dev: db.t is refused"
    assert text.splitlines() == [
        "db.t is refused.",
        "",
        "Since: 2027-01-15T08:00:00.000+00:00",
        "Table: s.t to db.t, cadence 10_min_refresh",
        "Problem: RejectedInputError: s3://staging/s/t/20260101-000000007.parquet has no column PK_ID (it has ROW_ID)",
        "Waiting: 2 files, 10 bytes",
        "Next: nothing is tried until a file lands, the manifest changes, or you decide.",
        "Run: odp quarantine show db.t --env dev",
    ]


@pytest.mark.parametrize(("dies", "mails"), [("before", 1), ("after", 2)])
def test_run_that_dies_with_a_message_leaves_it_to_the_next_one_which_sends_it_at_most_once_more(
    world: World, dies: str, mails: int
) -> None:
    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    world.dies = dies
    with pytest.raises(DeathError):
        world.execution_ends()
    for _ in range(4):
        world.ends("t", NO_COLUMN % 1)
        world.execution_ends()
    assert world.subjects() == ["odp-dev: db.t failed"] * mails


def test_table_that_recovers_while_nobody_knows_whether_its_failure_was_told_is_told_as_recovered(
    world: World,
) -> None:
    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    world.dies = "after"
    with pytest.raises(DeathError):
        world.execution_ends()
    world.ends("t")
    for _ in range(3):
        world.execution_ends()
    assert world.subjects() == ["odp-dev: db.t failed", "odp-dev: db.t is refreshed again"]


def test_topic_that_is_out_of_reach_stops_no_refresh_and_is_counted_and_the_message_comes_later(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    world.is_topic_closed = True
    world.execution_ends()
    output = capsys.readouterr().out
    (line,) = metrics_in(output)
    assert line["UntoldChanges"] == 1
    failures = [line for line in logs_in(output) if line["level"] == "ERROR"]
    assert failures
    for failure in failures:
        assert (failure["service"], failure["cadence"]) == ("odp-dev/batch-manager", CADENCE)
        assert failure["execution"] == failure["correlation_id"]
        assert failure["execution"].isdigit(), "the name, without the rest of the ARN"
        assert "Traceback" in failure["exception"]
    world.is_topic_closed = False
    world.execution_ends()
    world.execution_ends()
    assert world.subjects() == ["odp-dev: db.t failed"]


def test_table_that_a_run_is_writing_or_whose_run_was_cut_off_is_told_as_before(world: World) -> None:
    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    world.execution_ends()
    world.subjects()
    DynamoDbTableLeases(world.dynamodb, "leases").acquire("db.t", "jr_x")
    for _ in range(3):
        world.execution_ends()
    assert world.subjects() == []


KILLED = "batch 3: States.TaskFailed: Command failed with exit code %d: driver lost"
TABLES_FAILED = "batch 1: States.TaskFailed: RefreshFailedError: 1 of 20 tables failed (s.t): …"


def test_runs_that_die_are_told_once_by_cadence_and_runs_that_end_because_tables_failed_are_not(world: World) -> None:
    world.configure("t")
    for number in range(3):
        world.execution_ends(TABLES_FAILED, KILLED % number)
    ((subject, text),) = world.mails
    assert subject == "odp-dev: runs of 10_min_refresh died or did not begin"
    assert "batch 3: States.TaskFailed: Command failed with exit code 0: driver lost" in text
    assert "aws stepfunctions describe-execution --execution-arn arn:x:" in text
    assert "RefreshFailedError" not in text
    world.mails.clear()
    world.execution_ends(TABLES_FAILED)
    world.execution_ends()
    assert world.subjects() == ["odp-dev: runs of 10_min_refresh work again"]


def test_failure_that_left_nothing_in_the_run_log_is_told_by_the_cadence_once(world: World) -> None:
    """A table whose lease cannot be taken, or whose end cannot be written, has no state to judge."""

    def refuses(_: str) -> None:
        raise PermissionError("dynamodb:UpdateItem on the leases")

    world.configure("t")
    for at in (1, 7):
        with pytest.raises(TerminalError) as failed:
            refresh_batch(["s.t"], refuses, at_a_time=1)
        reason = f"{type(failed.value).__name__}: {failed.value}"
        world.execution_ends(f"batch {at}: States.TaskFailed: {reason}"[:200])
    ((subject, text),) = world.mails
    assert subject == "odp-dev: runs of 10_min_refresh died or did not begin"
    assert "(s.t): s.t: PermissionError: dynamodb:UpdateItem on the leases" in text
    world.mails.clear()
    world.execution_ends(TABLES_FAILED)
    assert world.subjects() == ["odp-dev: runs of 10_min_refresh work again"]


def test_cadence_that_cannot_be_planned_is_told_at_once_and_once(world: World) -> None:
    for _ in range(2):
        with pytest.raises(Exception, match="10_min_refresh"):
            world.execution_ends(step="plan")
    assert world.subjects() == ["odp-dev: 10_min_refresh cannot be planned"]
    world.configure("t")
    world.execution_ends(step="plan")
    assert world.subjects() == ["odp-dev: 10_min_refresh is planned again"]


def test_held_load_is_told_once_with_the_command_and_another_one_again_and_a_decision_is_not(world: World) -> None:
    def hold(kind: QuarantineKind, number: int) -> None:
        details: dict[str, Any] = {"source_table_name": "s.t", "landed_from": "2026-01-01T00:00:00Z"}
        quarantine.replace(Quarantined(kind, f"entry {number}", f"reason {number}", details))

    quarantine = DynamoDbQuarantine(world.dynamodb, "quarantine")
    world.configure("t", "u")
    hold(QuarantineKind.HELD_LOAD, 1)
    for _ in range(3):
        world.execution_ends()
    ((subject, text),) = world.mails
    assert subject == "odp-dev: db.t holds files that wait for a person"
    assert "Then: odp reload s.t --approve --env dev" in text
    assert "reason 1" in text
    hold(QuarantineKind.HELD_FILE, 2)
    world.mails.clear()
    world.execution_ends()
    assert len(world.mails) == 1
    assert "odp quarantine release 'entry 2' --env dev" in world.mails[0][1]
    world.mails.clear()
    for kind, number in ((QuarantineKind.HELD_LOAD, 1), (QuarantineKind.HELD_FILE, 2)):
        quarantine.remove(kind, f"entry {number}")
        world.execution_ends()
    assert world.subjects() == []
    hold(QuarantineKind.HELD_FILE, 3)
    world.execution_ends()
    assert len(world.mails) == 1


LONG = (
    "Command failed: the driver lost its executors while it wrote the table, and gave up after four attempts of its "
    "stage"
)


def test_same_death_of_runs_is_told_once_wherever_its_text_is_cut(world: World) -> None:
    """The state machine cuts a text after 120 to 200 characters, the number of its batch among them."""
    world.configure("t")
    for batch, room in ((9, 200), (10, 200), (499, 120), (7, 125), (311, 133)):
        world.execution_ends(f"batch {batch}: States.TaskFailed: {LONG}"[:room])
    assert world.subjects() == ["odp-dev: runs of 10_min_refresh died or did not begin"]


def test_failed_table_that_is_left_to_spark_is_told_to_be_refreshed_once_spark_has_refreshed_it(world: World) -> None:
    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    world.execution_ends()
    assert world.subjects() == ["odp-dev: db.t failed"]
    world.ends("t", beyond_engine="BeyondEngineError: too many rows")
    world.execution_ends()
    assert world.subjects() == []
    world.ends("t")
    world.execution_ends()
    assert world.subjects() == ["odp-dev: db.t is refreshed again"]


@pytest.mark.parametrize("was_cut_off", [False, True])
def test_problem_that_a_person_ended_by_skipping_the_files_is_told_when_it_comes_again(
    world: World, was_cut_off: bool
) -> None:
    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    world.execution_ends()
    assert world.subjects() == ["odp-dev: db.t failed"]
    if was_cut_off:
        DynamoDbTableLeases(world.dynamodb, "leases", seconds=-1).acquire("db.t", "jr_x")
    summary = {"source_table_name": "#pending", "file_id": "s.t"}
    update: Any = {"UpdateExpression": "SET files = :none", "ExpressionAttributeValues": {":none": 0}}
    world.dynamodb.Table("files").update_item(Key=summary, **update)
    world.execution_ends()
    assert world.subjects() == [], "their own decision ended it"
    world.land("t")
    world.ends("t", NO_COLUMN % 2)
    world.execution_ends()
    assert world.subjects() == ["odp-dev: db.t failed"]


def test_held_file_that_was_decided_and_is_held_again_is_told_again_while_another_one_waits(world: World) -> None:
    quarantine = DynamoDbQuarantine(world.dynamodb, "quarantine")
    world.configure("t")
    held = [
        Quarantined(QuarantineKind.HELD_FILE, f"entry {number}", "reason", {"source_table_name": "s.t"})
        for number in range(2)
    ]
    for entry in held:
        quarantine.replace(entry)
    world.execution_ends()
    assert len(world.subjects()) == 1
    quarantine.remove(QuarantineKind.HELD_FILE, "entry 1")
    world.execution_ends()
    assert world.subjects() == []
    quarantine.replace(held[1])
    world.execution_ends()
    world.execution_ends()
    assert len(world.subjects()) == 1


def test_failure_of_which_an_earlier_release_kept_no_text_says_where_the_reason_is(world: World) -> None:
    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    leases = world.dynamodb.Table("leases")
    (item,) = leases.scan()["Items"]
    leases.put_item(Item={name: value for name, value in item.items() if name != "last_refresh"})
    world.execution_ends()
    ((_, text),) = world.mails
    assert "Problem: odpf_file_processing_tracker_history has the reason" in text


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("quarantine.DynamoDbQuarantine.of_tables", ["db.t failed", "runs of 10_min_refresh died or did not begin"]),
        ("planning.DynamoDbPlannedLeases.leases", ["runs of 10_min_refresh died or did not begin"]),
        ("running_configuration.DynamoDbCadences.cadence", ["runs of 10_min_refresh died or did not begin"]),
    ],
)
def test_ledger_that_cannot_be_read_hides_no_other_change_and_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: str, told: list[str]
) -> None:
    def fails(*_: Any) -> None:
        raise PermissionError("no right to read")

    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    with monkeypatch.context() as patch:
        patch.setattr(f"odp.dynamodb.{broken}", fails)
        world.execution_ends(KILLED % 1)
    assert world.subjects() == [f"odp-dev: {each}" for each in reversed(told)]
    assert [each["UntoldChanges"] for each in metrics_in(capsys.readouterr().out)] == [1]


def test_plan_that_is_asked_for_again_by_itself_waits_for_no_state_of_messages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB in trouble: each read in vain takes minutes, and the state machine asks six times."""
    reads: list[str] = []

    def fails(*_: Any) -> None:
        raise ServiceUnavailableError("throttled")

    def known(_: Any) -> dict[str, Told]:
        reads.append("read")
        return {}

    world.configure("t")
    monkeypatch.setattr("odp.dynamodb.file_tracker.DynamoDbPendingWork.pending_work", fails)
    monkeypatch.setattr("odp.dynamodb.told_states.DynamoDbToldStates.known", known)
    with pytest.raises(ServiceUnavailableError):
        world.execution_ends(step="plan")
    assert reads == []


def test_ledger_that_never_takes_what_was_told_sends_six_mails_a_day_and_not_one_for_each_claim(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise PermissionError("no right to put items")

    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    with monkeypatch.context() as patch:
        patch.setattr("odp.dynamodb.told_states.DynamoDbToldStates.note", fails)
        for _ in range(24):
            world.execution_ends()
    assert 1 <= len(world.subjects()) <= 6


def test_topic_that_is_out_of_reach_for_hours_takes_no_message_from_those_of_the_day(world: World) -> None:
    world.configure("t")
    world.ends("t", NO_COLUMN % 1)
    world.is_topic_closed = True
    for _ in range(20):
        world.execution_ends()
    world.is_topic_closed = False
    world.execution_ends()
    assert world.subjects() == ["odp-dev: db.t failed"]


def standby(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Let this be the standby Region: the other one is the primary, and no epoch has begun."""
    settings = {"table": "regions", "primary": "eu-west-1", "secondary": "us-east-1", "mode": mode}
    monkeypatch.setenv("REGIONS", json.dumps({**settings, "lag_minutes": 15, "refresh_minutes": 30}))


def test_cold_standby_plans_nothing_tells_nobody_and_its_schedule_counts_as_alive(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    standby(monkeypatch, "cold")
    world.configure("t")
    world.ends("t", "RuntimeError: broken")
    answer = world.planned()
    assert (answer["outcome"], answer["batches"]) == (STANDBY, [])
    assert world.subjects() == []
    assert DynamoDbPlannedCadences(world.dynamodb, "files").last_planned().keys() == {CADENCE}
    (line,) = [each for each in logs_in(capsys.readouterr().out) if "is not planned" in each["message"]]
    assert "eu-west-1 is the active Region, and this standby is cold" in line["message"]


def test_warm_standby_plans_every_half_an_hour_of_a_cadence_of_ten_minutes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    standby(monkeypatch, "warm")
    world.configure("t")
    planned = []
    for _ in range(7):
        planned.append(bool(world.planned()["batches"]))
        DynamoDbCadenceClaims(world.dynamodb, "leases", lambda _: False).release(CADENCE, "arn:x:plan")
    assert planned == [True, False, False, True, False, False, True]
    assert DynamoDbPlannedCadences(world.dynamodb, "files").last_planned().keys() == {CADENCE}
