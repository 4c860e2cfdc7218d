"""Commands speak of the active Region, unless a person names the other one; and they say of which."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from odp_cli.app import app
from odp_cli.migration import lake_ledger
from odp_cli.operate import dms_in_region, operated_lake
from typer.testing import CliRunner

from tests.configuration import KNOWN_MANIFESTS
from tests.tools.odp_cli.operate.conftest import PLATFORM as OF_ONE_REGION
from tests.tools.odp_cli.operate.conftest import mend
from tests.tools.odp_cli.regions.test_failover import done
from tests.tools.odp_cli.regions.world import EAST, ENV, WEST, World

KEY = "s/t/20261201-000000001.parquet"


@pytest.fixture
def both(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A pending and a held file in each Region, which differ."""

    def session(environment: Any, _: object) -> Any:
        region = environment.region
        services = world.services[region]
        return SimpleNamespace(client=services.__getitem__, resource=lambda _: world.dynamodb[region])

    for module in (operated_lake, dms_in_region, lake_ledger):
        monkeypatch.setattr(module, "session_in", session)
    return world


def active_in_the_west(world: World) -> None:
    for region in (EAST, WEST):
        world.epoch(1, WEST, region=region)


COMMANDS = [["status"], ["quarantine", "list"], ["replication", "status", "--manifests", str(KNOWN_MANIFESTS)]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_active_region_is_asked_and_named(both: World, command: list[str]) -> None:
    both.dms[EAST].status = both.dms[WEST].status = "created"
    assert f"{ENV} in us-east-1 (active)" in done(both.odp(*command))
    active_in_the_west(both)
    assert f"{ENV} in us-west-2 (active)" in done(both.odp(*command))
    assert f"{ENV} in us-east-1 (standby)" in done(both.odp(*command, "--region", EAST))
    answer = json.loads(done(both.odp(*command, "--json")))
    assert (answer["environment"], answer["region"], answer["role"]) == (ENV, WEST, "active")


def test_the_answer_is_that_of_the_region(both: World) -> None:
    both.deploy(WEST, tables=("s.t", "s.only_here"))
    for region, names in ((EAST, ["s.t"]), (WEST, ["s.only_here", "s.t"])):
        answer = json.loads(done(both.odp("status", "--region", region, "--json")))
        assert sorted(each["source_table_name"] for each in answer["tables"]) == names


def test_a_lost_active_region_is_one_message_that_names_the_other_one(both: World) -> None:
    both.cut.add(EAST)
    told = mend(both.odp("status"))
    assert "us-east-1 is not reachable" in told
    assert "--region us-west-2" in told
    assert "active" in told
    told = done(both.odp("status", "--region", WEST))
    assert "us-west-2 (standby, as far as is known without us-east-1)" in told


def test_a_region_alone_does_not_claim_to_know_who_is_active(both: World) -> None:
    both.cut.add(WEST)
    assert "us-east-1 (active, as far as is known without us-west-2)" in done(both.odp("status"))


def test_a_region_that_the_environment_does_not_have_is_refused(both: World) -> None:
    assert "has no Region eu-west-1" in mend(both.odp("status", "--region", "eu-west-1"))


@pytest.mark.parametrize("command", [["start"], ["reload", "--all", "--yes"], ["reload", "s.t", "--yes"]])
def test_dms_is_not_started_in_the_standby(both: World, command: list[str]) -> None:
    both.dms[WEST].status = "stopped"
    told = mend(both.odp("replication", *command, "--region", WEST))
    assert "us-west-2 is the standby" in told
    assert both.dms[WEST].calls == []


def test_dms_is_stopped_in_either_region(both: World) -> None:
    both.dms[WEST].status = "running"
    done(both.odp("replication", "stop", "--yes", "--region", WEST))
    assert (both.dms[WEST].calls, both.dms[EAST].calls) == (["stop"], [])


def test_after_a_failover_dms_starts_in_the_region_that_is_active(both: World) -> None:
    active_in_the_west(both)
    assert "default in us-west-2 started" in done(both.odp("replication", "start"))
    assert (both.dms[WEST].calls, both.dms[EAST].calls) == (["start-replication"], [])


def test_an_environment_of_one_region_takes_its_own_name_only() -> None:
    options = ["--env", ENV, "--platform", str(OF_ONE_REGION)]
    assert "has no Region us-west-2" in mend(CliRunner().invoke(app, ["status", "--region", WEST, *options]))
    for command in (["region", "status"], ["failback", "--reason", "r"], ["failover", "--to", WEST, "--reason", "r"]):
        told = mend(CliRunner().invoke(app, [*command, *options]))
        assert f"{ENV} has no secondary Region" in told
        assert "docs/secondary-region.md" in told


def test_each_region_has_a_ledger_to_migrate(both: World) -> None:
    for region, bucket in ((EAST, "east"), (WEST, "west")):
        for name in ("staging", "raw"):
            assert both.parameters[region].values[f"/odp/{ENV}/buckets/{name}"] == f"{name}-{bucket}"
    both.silent.add((EAST, "odpf_file_tracker"))
    done(both.odp("ledger", "migrate", "--dry-run", "--region", WEST))
    assert both.odp("ledger", "migrate", "--dry-run", "--region", EAST).exit_code == 1
