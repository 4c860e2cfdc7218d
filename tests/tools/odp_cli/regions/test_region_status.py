"""`odp region status`: what both Regions say, and what one says when the other is lost."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.tools.odp_cli.operate.conftest import mend
from tests.tools.odp_cli.regions.world import EAST, REGIONS, WEST, World


def test_before_any_failover_the_primary_is_active_and_nothing_is_to_mend(world: World) -> None:
    answer = world.json("region", "status")
    assert (answer["active"], answer["standby"], answer["mode"]) == (EAST, WEST, "warm")
    assert answer["epoch"]["number"] == 0
    assert {name: each["role"] for name, each in answer["regions"].items()} == {EAST: "active", WEST: "standby"}
    assert answer["warnings"] == []


def test_the_newest_epoch_says_who_is_active_since_when_by_whom_and_why(world: World) -> None:
    for region in (EAST, WEST):
        world.epoch(1, WEST, region=region, by="arn:anna")
        world.epoch(2, EAST, region=region)
        world.epoch(3, WEST, region=region, by="arn:berta", reason="flood")
    answer = world.json("region", "status")
    assert (answer["active"], answer["epoch"]["number"], answer["epoch"]["by"]) == (WEST, 3, "arn:berta")
    assert [each["number"] for each in answer["regions"][EAST]["epochs"]] == [1, 2, 3]
    shown = world.odp("region", "status").output
    assert "3: us-west-2, since 2026-12-01 00:00 UTC by arn:berta: flood" in shown


def test_a_lost_region_is_not_reachable_and_the_other_one_says_what_it_lacks(world: World) -> None:
    landed = datetime.now(UTC) - timedelta(minutes=4)
    world.mark("20261201-000000001.parquet", at=f"{landed:%Y-%m-%dT%H:%M:%SZ}")
    world.cut.add(EAST)
    answer = world.json("region", "status")
    assert answer["regions"][EAST]["reachable"] is False
    missing = answer["regions"][WEST]["missing"]
    assert (missing["files"], missing["bytes"], missing["by_table"]) == (1, 1000, {"s.t": 1})
    assert [each["key"] for each in missing["keys"]] == ["s/t/20261201-000000001.parquet"]
    assert 230 <= answer["regions"][WEST]["missing_seconds"] <= 300
    result = world.odp("region", "status")
    assert (result.exit_code, result.exception) == (0, None)
    assert "not reachable" in result.output
    assert "If us-east-1 were lost now, us-west-2 would lack 1 file of 1 table" in result.output


def test_no_region_that_answers_is_one_message(world: World) -> None:
    world.cut |= {EAST, WEST}
    told = mend(world.odp("region", "status"))
    assert "us-east-1 is not reachable" in told
    assert "us-west-2 is not reachable" in told


@pytest.mark.parametrize("status", ["landed", "processed", "held", "skipped"])
def test_a_file_that_the_ledger_here_knows_is_not_missing(world: World, status: str) -> None:
    world.mark("20261201-000000001.parquet")
    world.file("20261201-000000001.parquet", status)
    assert world.json("region", "status")["regions"][WEST]["missing"]["files"] == 0


def test_of_many_files_exactly_those_without_their_object_version_are_missing(world: World) -> None:
    names = [f"20261201-0000{number:05}.parquet" for number in range(60)] + [f"LOAD{n:08X}.parquet" for n in range(9)]
    for number, name in enumerate(names):
        world.mark(name, "s.t" if number % 2 else "s.u")
        if number % 3 == 0:
            world.file(name, "processed" if number % 4 else "landed", "s.t" if number % 2 else "s.u")
        if number % 3 == 1:
            world.copy_object(name, "s.t" if number % 2 else "s.u")
    west = world.json("region", "status")["regions"][WEST]
    assert sorted(each["key"].split("/")[-1] for each in west["missing"]["keys"]) == sorted(names[2::3])
    assert sorted(each["key"].split("/")[-1] for each in west["unregistered"]["keys"]) == sorted(names[1::3])


def test_an_older_version_of_the_object_does_not_count_as_the_marked_one(world: World) -> None:
    world.mark("LOAD00000001.parquet", version_id="v2")
    world.copy_object("LOAD00000001.parquet")
    assert world.json("region", "status")["regions"][WEST]["missing"]["files"] == 1


def test_own_files_and_expired_marks_are_not_looked_for(world: World) -> None:
    world.mark("20261201-000000001.parquet", region=WEST)
    world.mark("20261201-000000002.parquet", expires_at=1)
    west = world.json("region", "status")["regions"][WEST]
    assert (west["missing"]["files"], west["unregistered"]["files"]) == (0, 0)


def test_each_table_has_what_is_applied_and_pending_and_held_in_each_region(world: World) -> None:
    world.file("20261201-000000001.parquet", "processed", at="2026-12-01T00:01:00Z", region=EAST)
    world.file("20261201-000000002.parquet", "skipped", at="2026-12-01T00:02:00Z", region=EAST)
    world.file("LOAD00000001.parquet", "processed", at="2026-11-30T23:00:00Z", region=WEST)
    held = {"quarantine_kind": "held_load", "entry_id": "s.t#x", "source_table_name": "s.t", "reason": "r"}
    world.dynamodb[WEST].Table("odpf_quarantine").put_item(Item=held)
    regions = world.json("region", "status")["regions"]
    (east,), (west,) = regions[EAST]["tables"], regions[WEST]["tables"]
    assert (east["newest_applied"], west["newest_applied"]) == ("2026-12-01T00:01:00Z", "2026-11-30T23:00:00Z")
    assert (east["held_loads"], west["held_loads"], west["held_files"]) == (0, 1, 0)
    assert "2026-11-30 23:00" in world.odp("region", "status").output


def test_a_load_after_the_last_change_is_the_newest(world: World) -> None:
    world.file("20261130-000000001.parquet", "processed", at="2026-11-30T00:01:00Z")
    world.file("LOAD00000001.parquet", "processed", at="2026-12-01T00:00:30Z")
    (west,) = world.json("region", "status")["regions"][WEST]["tables"]
    assert west["newest_applied"] == "2026-12-01T00:00:30Z"


def test_different_versions_are_told(world: World) -> None:
    world.deploy(WEST, commit="beef00", number=9)
    (warning,) = world.json("region", "status")["warnings"]
    assert "c0ffee" in warning
    assert "beef00" in warning


def test_the_number_of_a_version_is_a_regions_own(world: World) -> None:
    world.deploy(WEST, number=8)
    assert world.json("region", "status")["warnings"] == []


def test_other_tables_under_the_same_commit_are_different_versions(world: World) -> None:
    world.deploy(WEST, tables=("s.t", "s.u"))
    assert len(world.json("region", "status")["warnings"]) == 1


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([], "no rule replicates it"),
        ([{"Status": "Disabled", "Destination": {"Bucket": "arn:aws:s3:::staging-west"}}], "disabled"),
        ([{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::staging-x"}}], "to staging-x"),
        (
            [{"Status": "Enabled", "Prefix": "some/", "Destination": {"Bucket": "arn:aws:s3:::staging-west"}}],
            "no rule has the prefix",
        ),
    ],
)
def test_s3_that_does_not_replicate_is_told(world: World, rules: list[dict[str, object]], told: str) -> None:
    world.s3[EAST].rules["staging-east"] = rules
    answer = world.json("region", "status")
    assert answer["regions"][WEST]["s3_replication"] == {"staging": "enabled", "raw": "enabled"}
    assert told in answer["regions"][EAST]["s3_replication"]["staging"]
    (warning,) = answer["warnings"]
    assert warning.startswith("us-east-1: S3 does not replicate the bucket staging")


def test_dms_in_the_standby_is_told_with_the_command_that_stops_it(world: World) -> None:
    world.dms[WEST].status = "running"
    (warning,) = world.json("region", "status")["warnings"]
    assert "odp replication stop --source default --env test --region us-west-2" in warning


def test_dms_that_rests_in_the_active_region_is_told(world: World) -> None:
    world.dms[EAST].status = "stopped"
    (warning,) = world.json("region", "status")["warnings"]
    assert "does not replicate default in the active Region us-east-1 (stopped)" in warning


def test_replicas_that_differ_are_told_and_the_higher_epoch_counts(world: World) -> None:
    world.epoch(1, WEST, region=WEST)
    world.dms[EAST].status, world.dms[WEST].status = "stopped", "running"
    answer = world.json("region", "status")
    assert answer["active"] == WEST
    (warning,) = answer["warnings"]
    assert "us-east-1 knows epoch 0" in warning


def test_a_right_that_is_missing_hides_one_answer_only(world: World) -> None:
    world.silent.add((WEST, "odpf_quarantine"))
    answer = world.json("region", "status")
    assert "AccessDenied" in answer["regions"][WEST]["problems"]["tables"]
    assert answer["regions"][WEST]["s3_replication"]["staging"] == "enabled"


def test_a_region_without_the_global_table_has_begun_no_epoch(world: World) -> None:
    world.dynamodb[WEST].Table(REGIONS).delete()
    answer = world.json("region", "status")
    assert answer["active"] == EAST
    assert "marks" in answer["regions"][WEST]["problems"]


def test_credentials_of_another_account_are_refused(world: World) -> None:
    world.account = "999999999999"
    assert "the credentials are those of account 999999999999" in mend(world.odp("region", "status"))


def test_the_status_changes_nothing(world: World) -> None:
    world.mark("20261201-000000001.parquet")
    world.odp("region", "status")
    assert world.writes == 0


def test_the_buckets_are_compared_object_by_object_where_it_is_asked_for(world: World) -> None:
    names = [f"s/t/{number}.parquet" for number in range(9)]
    world.s3[EAST].versions = {(name, "v1") for name in names} | {("s/t/3.parquet", "v2"), ("s/t/5.parquet", "v2")}
    world.s3[WEST].versions = {(name, "v1") for name in names if name[4] not in "078"} | {("s/t/5.parquet", "v2")}
    world.s3[WEST].versions |= {("s/t/55.parquet", "v1")}
    answer = world.json("region", "status", "--check")["standby_lacks"]
    assert [(each["key"], each["version_id"]) for each in answer["keys"]] == [
        ("s/t/0.parquet", "v1"), ("s/t/3.parquet", "v2"), ("s/t/7.parquet", "v1"), ("s/t/8.parquet", "v1"),
    ]  # fmt: skip
    assert (answer["files"], answer["bytes"], answer["oldest"]) == (4, 40, "2026-12-01T00:05:00Z")
    assert "lacks 4 objects of that of us-east-1" in world.odp("region", "status", "--check").output
    world.s3[WEST].versions |= world.s3[EAST].versions
    assert "✓ the bucket of us-west-2 has every object" in world.odp("region", "status", "--check").output
    assert "standby_lacks" not in world.json("region", "status")
