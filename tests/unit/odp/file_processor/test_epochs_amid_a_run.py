"""An epoch begins at any moment of a refresh: nothing is lost, nothing is applied twice, and nothing has failed."""

from typing import TYPE_CHECKING

import pytest
from odp.file_processor.batch_refresh import refresh_batch
from odp.refresh import RefreshStatus

from lake.ledger.regions import Role
from lake.tables.capabilities import Engine
from tests.unit.odp.file_processor.epochs_world import CONFIG, Lake
from tests.unit.two_regions import EAST, WEST, requests_of

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

RUNS = ("jr_1", "native-1")
REASON = (
    "StaleRegionError: the active Region changed to us-west-2 by epoch 1, and this run began under epoch 0; "
    "it commits nothing more, and its files wait"
)


@pytest.fixture
def lake(dynamodb: "DynamoDBServiceResource") -> Lake:
    return Lake(dynamodb)


def assert_nothing_but_the_reason(lake: Lake, run_id: str) -> None:
    """The run log has the reason; neither is the table refused, nor left to another engine, nor leased."""
    run = lake.item("leases_history", raw_table_name="db.t", glue_job_run_id=run_id)
    assert (run["refresh_status"], run["error_message"], run["files_processed"]) == ("refresh_stopped", REASON, 0)
    assert lake.item("quarantine", quarantine_kind="refused_table", entry_id="db.t") == {}
    lease = lake.item("leases", raw_table_name="db.t")
    assert not {"lease_owner", "beyond_engine", "refused_registrations"} & lease.keys()
    assert lake.pending == ["20260101-000000001.parquet", "20260101-000000002.parquet"]


@pytest.mark.parametrize("run", RUNS)
def test_epoch_between_plan_and_lease(lake: Lake, run: str) -> None:
    lake.land(1, 2)
    lake.regions.begin(1, WEST)
    outcome = lake.refresh(run, epoch=0)
    assert outcome is not None
    assert (outcome.status, outcome.error, outcome.stack_trace) == (RefreshStatus.STOPPED, REASON, "")
    assert lake.commits == []
    assert_nothing_but_the_reason(lake, run)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("step", ["begun", "applying"])
def test_epoch_between_lease_and_commit(lake: Lake, run: str, step: str) -> None:
    lake.land(1, 2)
    lake.amid[step] = lambda: lake.regions.begin(1, WEST)
    outcome = lake.refresh(run, epoch=0)
    assert outcome is not None
    assert (outcome.status, outcome.error, outcome.files) == (RefreshStatus.STOPPED, REASON, 0)
    assert (lake.commits, outcome.is_left_to_spark) == ([], False)
    assert_nothing_but_the_reason(lake, run)
    assert lake.item("leases", raw_table_name="db.t")["refresh_status"] == "refresh_stopped"


@pytest.mark.parametrize("step", ["committing", "published"])
def test_epoch_between_the_last_look_and_the_record_leaves_a_commit_that_is_right_and_recorded(
    lake: Lake, step: str
) -> None:
    """No look can be later than the commit itself. It is one of this Region's own table, with files that are right."""
    lake.land(1, 2)
    lake.amid[step] = lambda: lake.regions.begin(1, WEST)
    outcome = lake.refresh("jr_1", epoch=0)
    assert outcome is not None
    assert (outcome.status, lake.applied, lake.pending) == (RefreshStatus.COMPLETED, [1, 2], [])


def test_run_of_several_commits_stops_after_the_one_amid_which_the_epoch_began(lake: Lake) -> None:
    lake.land(1, 2, 3)
    lake.files_of_a_commit = 1
    lake.amid["published"] = lambda: lake.regions.begin(1, WEST)
    outcome = lake.refresh("jr_1", epoch=0)
    assert outcome is not None
    assert (outcome.status, outcome.error, outcome.files) == (RefreshStatus.STOPPED, REASON, 1)
    assert (lake.applied, len(lake.pending)) == ([1], 2)
    lake.regions.begin(2, EAST)
    lake.refresh("jr_2", epoch=2)
    assert (lake.applied, lake.pending) == ([1, 2, 3], [])
    assert [commit.epoch for commit in lake.commits] == [0, 2, 2]


def test_run_that_died_after_its_commit_is_recorded_by_the_first_run_of_the_next_epoch(lake: Lake) -> None:
    lake.land(1, 2)

    def dies() -> None:
        raise KeyboardInterrupt

    lake.amid["published"] = dies
    with pytest.raises(KeyboardInterrupt):
        lake.refresh("jr_1", epoch=0)
    lake.regions.begin(1, EAST)
    lake.now += 61
    lake.refresh("jr_2", epoch=1)
    assert (lake.applied, lake.pending) == ([1, 2], [])


def test_run_that_slept_through_failover_and_failback_commits_nothing(lake: Lake) -> None:
    """Its Region is active again, and its lease was another one's meanwhile or not."""
    lake.land(1, 2)

    def others() -> None:
        lake.regions.begin(1, WEST, here=WEST)
        lake.regions.begin(2, EAST, here=WEST)
        lake.regions.replicate(backwards=True)

    lake.amid["applying"] = others
    outcome = lake.refresh("jr_old", epoch=0)
    assert outcome is not None
    assert (outcome.status, lake.commits) == (RefreshStatus.STOPPED, [])
    assert "changed to us-east-1 by epoch 2" in outcome.error
    lake.refresh("jr_new", epoch=2)
    assert (lake.applied, lake.pending) == ([1, 2], [])


def test_run_that_slept_until_the_next_epochs_run_had_its_table_commits_nothing_and_does_not_touch_the_ledger(
    lake: Lake,
) -> None:
    lake.land(1, 2)

    def others() -> None:
        lake.regions.begin(1, WEST)
        lake.regions.begin(2, EAST)
        lake.now += 61
        lake.refresh("jr_new", epoch=2)

    lake.amid["applying"] = others
    outcome = lake.refresh("jr_old", epoch=0)
    assert outcome is not None
    assert (outcome.status, lake.applied, lake.pending) == (RefreshStatus.STOPPED, [1, 2], [])
    assert lake.item("leases", raw_table_name="db.t")["refresh_status"] == "completed"
    assert lake.item("leases_history", raw_table_name="db.t", glue_job_run_id="jr_old")["refresh_status"] == (
        "refresh_stopped"
    )


def test_standby_that_becomes_active_stops_its_run_and_goes_on_under_the_new_epoch(lake: Lake) -> None:
    lake.land(1, 2)
    lake.regions.begin(1, WEST)
    lake.amid["applying"] = lambda: lake.regions.begin(2, EAST)
    stopped = lake.refresh("jr_1", epoch=1, role=Role.STANDBY)
    assert stopped is not None
    assert (stopped.status, lake.commits) == (RefreshStatus.STOPPED, [])
    lake.refresh("jr_2", epoch=2)
    assert (lake.applied, [commit.epoch for commit in lake.commits]) == ([1, 2], [2])


def test_one_number_begun_in_both_regions_stops_the_run_of_the_region_that_is_not_active_after_all(lake: Lake) -> None:
    lake.land(1, 2)
    lake.regions.begin(1, EAST, here=EAST)
    lake.regions.begin(1, WEST, here=WEST, by="ben")
    lake.amid["applying"] = lake.regions.replicate
    outcome = lake.refresh("jr_1", epoch=1)
    assert outcome is not None
    assert (outcome.status, lake.commits) == (RefreshStatus.STOPPED, [])


def test_stopped_tables_fail_no_batch(lake: Lake) -> None:
    """A failed run would tell people of each table, and nobody can do anything about it."""
    lake.land(1, 2)
    lake.regions.begin(1, WEST)
    (outcome,) = refresh_batch(["s.t"], lambda _: lake.refresh("jr_1", epoch=0), at_a_time=1)
    assert outcome.status is RefreshStatus.STOPPED
    assert outcome.engine is Engine.SPARK


def test_lease_says_to_the_plan_that_the_table_has_neither_failed_nor_been_refused(lake: Lake) -> None:
    from odp.dynamodb.planning import DynamoDbPlannedLeases

    lake.land(1, 2)
    lake.amid["applying"] = lambda: lake.regions.begin(1, WEST)
    lake.refresh("native-1", epoch=0)
    lease = DynamoDbPlannedLeases(lake.dynamodb, "leases", clock=lambda: lake.now).leases([CONFIG.qualified_name])
    found = lease[CONFIG.qualified_name]
    assert (found.is_leased, found.was_cut_off, found.is_refused, found.is_left_to_spark) == (False,) * 4


def test_refresh_with_one_commit_reads_the_epoch_twice(lake: Lake) -> None:
    """Once for the lease and once for the commit; each heartbeat reads it once more."""
    lake.land(1, 2)
    asked = requests_of(lake.dynamodb, lambda: lake.refresh("jr_1", epoch=0), of_table="regions")
    assert asked == ["Query", "Query"]
