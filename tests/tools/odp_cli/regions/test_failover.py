"""`odp failover` and `odp failback`: what is checked, waited for and written, judged by the stored replicas."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import EndpointConnectionError
from typer.testing import Result

from tests.tools.odp_cli.operate.conftest import mend
from tests.tools.odp_cli.regions.world import CALLER, EAST, ENV, REGIONS, WEST, World

WHY = ("--reason", "drill 7")
TO_WEST = ("failover", "--to", WEST, *WHY, "--yes")
LOST = (*TO_WEST, "--without-primary")
BACK = ("failback", *WHY, "--yes")
NAME = "20261201-000000001.parquet"


def done(result: Result) -> str:
    assert (result.exit_code, result.exception) == (0, None), result.output
    return result.output


def refused(result: Result) -> str:
    assert result.exit_code == 1, (result.output, result.exception)
    return result.output


def changed(world: World) -> tuple[object, ...]:
    """All that a failover may change, as it is stored."""
    stored = [{**world.items(region)} for region in (EAST, WEST)]
    return (*stored, world.dms[EAST].calls[:], world.dms[WEST].calls[:], dict(world.parameters[EAST].values))


def test_a_planned_failover_stops_dms_and_makes_the_other_region_active_in_both_replicas(world: World) -> None:
    told = done(world.odp(*TO_WEST))
    assert world.epochs(EAST) == world.epochs(WEST) == [(1, WEST, True)]
    assert (world.dms[EAST].status, world.dms[EAST].calls, world.dms[WEST].calls) == ("stopped", ["stop"], [])
    assert "DMS does not run for default: odp replication start --source default --env test --region us-west-2" in told
    stored = world.items(WEST)["epoch", "0000000001"]
    assert (stored["by"], stored["reason"]) == (CALLER, "drill 7")
    assert abs(datetime.fromisoformat(stored["at"]) - datetime.now(UTC)).total_seconds() < 60


def test_with_start_dms_it_loads_every_table_in_the_new_region(world: World) -> None:
    done(world.odp(*TO_WEST, "--start-dms"))
    assert world.dms[WEST].calls == ["start-replication"]


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_dry_run_says_what_it_would_do_and_changes_nothing(world: World, as_json: tuple[str, ...]) -> None:
    before = changed(world)
    told = done(world.odp("failover", "--to", WEST, *WHY, "--dry-run", *as_json))
    assert changed(world) == before
    assert world.writes == 0
    assert "it is stopped there" in told


def test_a_person_is_asked_and_a_no_changes_nothing(world: World) -> None:
    before = changed(world)
    result = world.odp("failover", "--to", WEST, *WHY, answers="n\n")
    assert "stop DMS in us-east-1, wait for its files, then make us-west-2 active (epoch 1)?" in result.output
    assert result.exit_code == 1
    assert "add --yes" in mend(world.odp("failover", "--to", WEST, *WHY, "--json"))
    assert changed(world) == before


def test_the_reason_and_the_environment_are_demanded(world: World) -> None:
    assert world.odp("failover", "--to", WEST).exit_code == 2
    assert world.odp("failback").exit_code == 2


# When a Region does not answer.


def test_a_primary_that_does_not_answer_is_given_up_only_on_a_persons_word(world: World) -> None:
    world.cut.add(EAST)
    before = changed(world)
    told = refused(world.odp(*TO_WEST))
    assert "✗ us-east-1 is not reachable" in told
    assert "add --without-primary" in told
    assert changed(world) == before


def test_a_lost_primary_is_left_behind_by_an_epoch_that_is_not_planned(world: World) -> None:
    world.file("20261201-000000000.parquet", "processed", at="2026-12-01T00:00:10Z")
    world.file("20261201-000000002.parquet", "landed", at="2026-12-01T00:00:40Z")
    world.mark(NAME, at="2026-12-01T00:00:30Z")
    pending = {"source_table_name": "#pending", "file_id": "s.t", "files": 1, "bytes": 10, "registrations": 1}
    world.dynamodb[WEST].Table("odpf_file_tracker").put_item(Item=pending)
    world.cut.add(EAST)
    told = done(world.odp(*LOST))
    assert world.epochs(WEST) == [(1, WEST, False)]
    assert world.epochs(EAST) == []
    assert world.items(WEST)["epoch", "0000000001"]["last_seen"] == "2026-12-01T00:00:40Z"
    assert "until it knows epoch 1 it takes itself for active" in told
    assert "missing in us-west-2: 1 file of 1 table" in told
    assert "run this command again: it stops DMS there" in told


def test_the_newest_mark_is_the_last_that_was_seen_of_the_lost_primary(world: World) -> None:
    world.file("20261201-000000000.parquet", "processed", at="2026-12-01T00:00:10Z")
    world.mark(NAME, at="2026-12-01T00:00:30Z")
    world.cut.add(EAST)
    done(world.odp(*LOST))
    assert world.items(WEST)["epoch", "0000000001"]["last_seen"] == "2026-12-01T00:00:30Z"


def test_a_part_of_a_load_that_is_missing_for_long_is_the_last_that_was_seen_so_that_its_load_is_held(
    world: World,
) -> None:
    world.mark("LOAD00000002.parquet", at="2026-12-01T00:00:20Z")
    world.mark(NAME, at="2026-12-01T00:00:10Z")
    world.mark("20261201-000000002.parquet", at="2026-12-01T02:00:00Z")
    world.cut.add(EAST)
    done(world.odp(*LOST))
    assert world.items(WEST)["epoch", "0000000001"]["last_seen"] == "2026-12-01T00:00:20Z"


def test_a_target_whose_dms_does_not_answer_becomes_active_and_that_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dms.example")

    monkeypatch.setattr(world.dms[WEST], "describe_replications", fails)
    world.cut.add(EAST)
    assert "DMS of us-west-2 does not say whether it runs" in done(world.odp(*LOST))
    assert world.epochs(WEST) == [(1, WEST, False)]


def test_a_target_that_does_not_answer_never_becomes_active(world: World) -> None:
    world.cut.add(WEST)
    for command in (TO_WEST, LOST):
        assert "✗ us-west-2 is not reachable" in refused(world.odp(*command))
    assert world.epochs(WEST) == []


def test_a_primary_that_answers_may_be_left_behind_as_well_and_its_dms_is_stopped(world: World) -> None:
    world.mark(NAME)
    done(world.odp(*LOST))
    assert world.epochs(EAST) == world.epochs(WEST) == [(1, WEST, False)]
    assert world.dms[EAST].calls == ["stop"]
    assert world.seconds < 60, "it waits for no file"


def test_when_the_lost_primary_is_back_the_same_command_stops_its_dms(world: World) -> None:
    world.cut.add(EAST)
    done(world.odp(*LOST))
    world.cut.clear()
    told = done(world.odp(*TO_WEST))
    assert world.dms[EAST].status == "stopped"
    assert world.epochs(EAST) == world.epochs(WEST) == [(1, WEST, False)]
    assert "us-west-2 is active already" in told
    assert "us-east-1 knows it and is the standby" in told


def test_a_primary_that_is_lost_while_files_are_waited_for_is_one_message_and_can_be_given_up(world: World) -> None:
    world.mark(NAME)
    world.on_sleep.append(lambda: world.cut.add(EAST) if world.seconds > 60 else None)
    told = mend(world.odp(*TO_WEST))
    assert "us-east-1 is not reachable" in told
    assert "if us-east-1 is lost" in told
    assert world.epochs(WEST) == []
    world.on_sleep.clear()
    done(world.odp(*LOST))
    assert world.epochs(WEST) == [(1, WEST, False)]


# Files that are on the way.


def test_it_waits_for_marked_files_and_goes_on_when_they_are_there(world: World) -> None:
    world.mark(NAME)
    world.on_sleep.append(lambda: world.copy_object(NAME) if world.seconds > 120 else None)
    told = done(world.odp(*TO_WEST))
    assert "waits for 1 file of us-east-1" in told
    assert world.epochs(WEST) == [(1, WEST, True)]
    assert world.seconds > 120


def test_it_waits_for_a_file_that_is_marked_after_dms_came_to_rest(world: World) -> None:
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}001.parquet"

    def mark_late_and_copy_later() -> None:
        if world.dms[EAST].status == "stopped" and 40 < world.seconds < 60:
            world.mark(name)
        elif world.seconds > 200:
            world.copy_object(name)

    world.on_sleep.append(mark_late_and_copy_later)
    assert "waits for 1 file of us-east-1" in done(world.odp(*TO_WEST))
    assert world.seconds > 200


def test_later_looks_are_at_missing_and_new_files_only(world: World) -> None:
    world.mark(NAME)

    def mark_an_old_name() -> None:
        world.mark("20200101-000000001.parquet")

    world.on_sleep.append(mark_an_old_name)
    told = refused(world.odp(*TO_WEST, "--wait", "1"))
    assert "1 file of us-east-1 did not come" in told, "all marks are read once, not at each look"


def test_files_that_do_not_come_stop_it_before_the_epoch_and_are_counted(world: World) -> None:
    for number in range(3):
        world.mark(f"20261201-00000000{number}.parquet")
    told = refused(world.odp(*TO_WEST, "--wait", "5"))
    assert "3 files of us-east-1 did not come to us-west-2; nothing was switched" in told
    assert "--accept-missing 3" in told
    assert "odp replication start --env test --region us-east-1" in told
    assert world.epochs(WEST) == []
    assert 300 <= world.seconds < 400


def test_missing_files_that_a_person_accepts_make_the_epoch_one_that_was_not_planned(world: World) -> None:
    world.mark(NAME)
    assert "1 file" in refused(world.odp(*TO_WEST, "--wait", "1"))
    done(world.odp(*TO_WEST, "--accept-missing", "1"))
    assert world.epochs(WEST) == [(1, WEST, False)]


def test_more_missing_files_than_accepted_stop_it(world: World) -> None:
    for number in range(3):
        world.mark(f"20261201-00000000{number}.parquet")
    refused(world.odp(*TO_WEST, "--wait", "1", "--accept-missing", "2"))
    assert world.epochs(WEST) == []


def test_it_waits_for_events_that_the_old_region_has_not_read(world: World) -> None:
    world.queue[EAST].messages = 2
    world.on_sleep.append(lambda: setattr(world.queue[EAST], "messages", 0) if world.seconds > 100 else None)
    assert "2 events of landed files" in done(world.odp(*TO_WEST))
    assert world.seconds > 100
    world.queue[WEST].messages = 5
    assert "5 events" in refused(world.odp(*BACK, "--wait", "1"))


def test_files_that_the_old_region_failed_to_register_are_not_left_behind_without_a_word(world: World) -> None:
    world.queue[EAST].dead_letters = 3
    told = refused(world.odp(*TO_WEST, "--wait", "1"))
    assert "3 events of landed files in us-east-1 did not come" in told
    done(world.odp(*TO_WEST, "--accept-missing", "3"))
    assert world.epochs(WEST) == [(1, WEST, False)]


def test_it_waits_for_runs_in_the_old_region(world: World) -> None:
    world.run_writes("s.t", EAST, 4_000_000_000)
    world.on_sleep.append(lambda: world.run_ends("s.t", EAST) if world.seconds > 100 else None)
    assert "runs on db.s_t in us-east-1" in done(world.odp(*TO_WEST))
    assert world.seconds > 100


@pytest.mark.parametrize("since", [95, 118])
def test_files_that_are_there_for_less_than_half_a_minute_when_the_time_is_over_do_not_let_it_go_on(
    world: World, since: int
) -> None:
    world.mark(NAME)
    world.on_sleep.append(lambda: world.copy_object(NAME) if world.seconds > since + 12 else None)
    told = refused(world.odp(*TO_WEST, "--wait", "2"))
    assert "nothing was switched" in told
    assert "longer --wait" in told
    assert "--accept-missing" not in told
    assert world.epochs(WEST) == []


def test_runs_are_left_behind_only_when_no_file_is_missing_for_half_a_minute(world: World) -> None:
    world.run_writes("s.t", EAST, 4_000_000_000)
    world.mark(NAME)
    world.on_sleep.append(lambda: world.copy_object(NAME) if world.seconds > 120 else None)
    assert "nothing was switched" in refused(world.odp(*TO_WEST, "--wait", "2"))
    assert world.epochs(WEST) == []


def test_runs_that_do_not_end_hold_up_no_failover_for_ever(world: World) -> None:
    world.run_writes("s.t", EAST, 4_000_000_000)
    assert "end when they see the new epoch" in done(world.odp(*TO_WEST, "--wait", "2"))
    assert world.epochs(WEST) == [(1, WEST, True)]


def test_dms_that_does_not_stop_holds_up_the_failover(world: World) -> None:
    world.dms[EAST].seconds_to_stop = 10_000
    assert "DMS does not come to rest in us-east-1: default" in refused(world.odp(*TO_WEST, "--wait", "5"))
    assert world.epochs(WEST) == []


def test_a_replication_that_a_pipeline_stopped_is_not_started_by_the_next_deployment(world: World) -> None:
    stopped = f"/odp/{ENV}/replication-stopped/default"
    world.parameters[EAST].values[stopped] = "{}"
    world.dms[EAST].status = "stopped"
    done(world.odp(*TO_WEST))
    assert stopped not in world.parameters[EAST].values


# What is checked first.


def test_other_tables_in_the_target_stop_a_planned_failover_only(world: World) -> None:
    world.deploy(EAST, tables=("s.t", "s.u"))
    assert "✗ us-west-2 runs version 3" in refused(world.odp(*TO_WEST))
    assert (world.epochs(WEST), world.dms[EAST].calls) == ([], [])
    done(world.odp(*LOST))
    assert world.epochs(WEST) == [(1, WEST, False)]


def test_another_commit_with_the_same_tables_is_told_only(world: World) -> None:
    world.deploy(WEST, commit="beef00")
    assert "! us-west-2 runs version 3, commit beef00" in done(world.odp(*TO_WEST))


@pytest.mark.parametrize("command", [TO_WEST, LOST])
def test_a_target_without_configuration_never_becomes_active(world: World, command: tuple[str, ...]) -> None:
    key = {"source_table_name": "configuration", "deployed_at": "running"}
    world.dynamodb[WEST].Table("odpf_config_deploy_tracker").delete_item(Key=key)
    assert "✗ us-west-2 runs no configuration" in refused(world.odp(*command))
    assert world.epochs(WEST) == []


def test_buckets_that_are_not_replicated_to_the_target_stop_a_planned_failover(world: World) -> None:
    world.s3[EAST].rules["staging-east"] = []
    assert "✗ S3 does not replicate from us-east-1: staging" in refused(world.odp(*TO_WEST))


def test_buckets_that_are_not_replicated_back_are_told_only(world: World) -> None:
    world.s3[WEST].rules["staging-west"] = []
    assert "! S3 does not replicate from us-west-2: staging" in done(world.odp(*TO_WEST))


def test_held_files_in_the_target_are_told(world: World) -> None:
    held = {"quarantine_kind": "held_load", "entry_id": "s.t#x", "source_table_name": "s.t", "reason": "r"}
    world.dynamodb[WEST].Table("odpf_quarantine").put_item(Item=held)
    assert "! files are held in us-west-2: s.t" in done(world.odp(*TO_WEST))


def test_a_cold_standby_says_how_many_files_wait(world: World) -> None:
    world.mode = "cold"
    pending = {"source_table_name": "#pending", "file_id": "s.t", "files": 7, "bytes": 10, "registrations": 7}
    world.dynamodb[WEST].Table("odpf_file_tracker").put_item(Item=pending)
    told = done(world.odp(*TO_WEST))
    assert "! us-west-2 is cold: 7 files wait" in told
    assert "tables are fresh when these are applied" in told


def test_a_target_that_may_not_be_read_stops_it(world: World) -> None:
    world.silent.add((WEST, "odpf_raw_table_config"))
    told = refused(world.odp(*LOST))
    assert "AccessDenied" in told
    assert "docs/operations.md" in told


def test_an_old_region_that_may_not_be_read_in_part_stops_a_planned_failover_only(world: World) -> None:
    world.silent.add((EAST, "odpf_quarantine"))
    assert "add --without-primary" in refused(world.odp(*TO_WEST))
    done(world.odp(*LOST))


def test_a_target_that_does_not_know_the_newest_epoch_waits_for_it(world: World) -> None:
    world.epoch(1, WEST, region=WEST)
    world.dms[WEST].status, world.dms[EAST].status = "running", "stopped"
    assert "✗ us-east-1 knows epoch 0, and us-west-2 epoch 1" in refused(world.odp(*BACK))
    world.replicate()
    done(world.odp(*BACK))
    assert world.epochs(EAST) == [(1, WEST, True), (2, EAST, True)]


def test_a_region_that_the_environment_does_not_have_is_named_with_those_it_has(world: World) -> None:
    told = mend(world.odp("failover", "--to", "eu-west-1", *WHY))
    assert "has no Region eu-west-1" in told
    assert "name us-east-1 or us-west-2" in told


def test_a_replica_that_does_not_follow_is_told_and_the_target_is_active_all_the_same(world: World) -> None:
    world.replicates = False
    told = done(world.odp(*TO_WEST))
    assert "us-east-1 does not know epoch 1 yet" in told
    assert world.epochs(WEST) == [(1, WEST, True)]


# Again, and back.


def test_a_failover_that_is_done_changes_nothing_when_it_is_repeated(world: World) -> None:
    done(world.odp(*TO_WEST, "--start-dms"))
    before = changed(world)
    assert "us-west-2 is active already: epoch 1" in done(world.odp(*TO_WEST, "--start-dms"))
    assert changed(world) == before


def test_to_the_region_that_is_active_from_the_beginning_there_is_nothing_to_do(world: World) -> None:
    before = changed(world)
    assert "active already" in done(world.odp(*BACK))
    assert changed(world) == before


def test_a_failback_is_the_same_towards_the_configured_primary(world: World) -> None:
    done(world.odp(*TO_WEST, "--start-dms"))
    told = done(world.odp(*BACK))
    assert world.epochs(EAST) == world.epochs(WEST) == [(1, WEST, True), (2, EAST, True)]
    assert (world.dms[WEST].status, world.dms[EAST].calls) == ("stopped", ["stop"])
    assert "odp replication reload --all --source default --env test --region us-east-1" in told


def test_a_failback_with_start_dms_loads_again_what_rested(world: World) -> None:
    done(world.odp(*TO_WEST, "--start-dms"))
    done(world.odp(*BACK, "--start-dms"))
    assert world.dms[EAST].calls == ["stop", "reload-target"]


def test_a_failback_waits_for_the_files_of_the_secondary(world: World) -> None:
    done(world.odp(*TO_WEST))
    world.mark(NAME, region=WEST)
    world.replicate()
    assert "1 file of us-west-2" in refused(world.odp(*BACK, "--wait", "1"))
    world.copy_object(NAME, region=EAST)
    done(world.odp(*BACK))
    assert world.epochs(EAST)[-1] == (2, EAST, True)


def test_programs_get_checks_steps_and_the_epoch(world: World) -> None:
    answer = world.json(*TO_WEST)
    assert (answer["to"], answer["planned"], answer["epoch"]["number"], answer["refused"]) == (WEST, True, 1, "")
    assert {check["level"] for check in answer["checks"]} == {"good", "doubt"}
    assert answer["steps"][-1] == "✓ us-east-1 knows it and is the standby"


def test_programs_get_the_reason_of_a_refusal(world: World) -> None:
    world.cut.add(EAST)
    answer = world.json(*TO_WEST, code=1)
    assert answer["epoch"] is None
    assert answer["refused"]
    assert [check["what"][:9] for check in answer["checks"] if check["level"] == "bad"] == ["us-east-1"]


def test_an_epoch_that_may_not_be_written_is_one_message(world: World) -> None:
    world.on_sleep.append(lambda: world.silent.add((WEST, REGIONS)) if world.seconds > 30 else None)
    result = world.odp(*TO_WEST)
    assert result.exit_code != 0
    assert world.epochs(WEST) == []
