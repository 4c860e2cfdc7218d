"""Rules 11 and 14: who has no pending files costs nothing, runs are as large as what is pending for them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from odp.config_manager.manifest_model import WorkerType
from odp.errors import MissingConfigurationError
from odp.file_processor.planning import ALREADY_RUNNING, NOTHING_TO_DO, PLANNED, STANDBY, BatchManager
from odp.file_processor.region_turn import RegionTurn
from odp.records import BatchConfig, BatchPlan, PendingWork, RawTableConfig, TableLease

from lake.ledger.epochs import Epoch, RegionSettings, StandbyMode
from tests.unit.odp.samples import batch_config, table_config
from tests.unit.two_regions import EAST, WEST

EXECUTION = "arn:aws:states:us-east-1:222222222222:execution:odpf_file_processor:run-1"


def table(number: int) -> RawTableConfig:
    return table_config(source_table_name=f"s.t{number}", raw_table_name=f"t{number}")


@dataclass
class World:
    tables: list[RawTableConfig]
    work: dict[str, int]
    known_leases: dict[str, TableLease] = field(default_factory=dict)
    plans: dict[str, BatchPlan] = field(default_factory=dict)
    asked_leases: list[str] = field(default_factory=list)
    owner: str | None = None
    is_configured: bool = True
    config: BatchConfig = field(default_factory=batch_config)
    turn: RegionTurn | None = None
    files: dict[str, int] = field(default_factory=dict)
    """The number of pending files of tables that have more than one."""

    def pending_work(self) -> Mapping[str, PendingWork]:
        return {
            name: PendingWork(name, self.files.get(name, 1), size, registrations=7) for name, size in self.work.items()
        }

    def leases(self, qualified_names: Iterable[str]) -> Mapping[str, TableLease]:
        self.asked_leases = list(qualified_names)
        return self.known_leases

    def cadence(self, refresh_cadence: str) -> tuple[BatchConfig, Sequence[RawTableConfig]]:
        if not self.is_configured:
            raise MissingConfigurationError(refresh_cadence)
        return self.config, self.tables

    def write(self, plan: BatchPlan) -> None:
        self.plans[plan.key] = plan

    def read(self, key: str) -> BatchPlan:
        return self.plans[key]

    def claim(self, refresh_cadence: str, execution: str) -> str:
        self.owner = self.owner or execution
        return self.owner

    def release(self, refresh_cadence: str, execution: str) -> None:
        if self.owner == execution:
            self.owner = None

    def state(self) -> dict[str, Any]:
        return self.manager.plan(self.config.refresh_cadence, EXECUTION)

    @property
    def manager(self) -> BatchManager:
        return BatchManager(self, self, self, self, self, job_timeout_minutes=60, turn=self.turn)

    def planned(self) -> tuple[tuple[str, ...], ...]:
        state = self.state()
        return self.plans[state["plan_key"]].batches if state["batches"] else ()


def test_only_active_tables_with_pending_files_are_planned() -> None:
    """Defect 15 of the reference: inactive tables were refreshed all the same."""
    world = World([table(1), table(2)], {"s.t1": 5, "s.inactive": 5})
    assert world.planned() == (("s.t1",),)


def test_rule_11_cadence_without_pending_files_has_no_batch_writes_no_plan_and_is_free_at_once() -> None:
    world = World([table(1)], {})
    assert (world.state()["outcome"], world.plans, world.owner) == (NOTHING_TO_DO, {}, None)


def test_table_that_a_run_is_refreshing_is_in_no_batch() -> None:
    world = World([table(1), table(2)], {"s.t1": 1, "s.t2": 1}, known_leases={"db.t1": TableLease(is_leased=True)})
    assert world.planned() == (("s.t2",),)


def test_leases_are_asked_for_tables_with_work_only() -> None:
    world = World([table(number) for number in range(50)], {"s.t7": 1})
    world.state()
    assert world.asked_leases == ["db.t7"]


@pytest.mark.parametrize(
    ("pending", "minutes"),
    [(1, 60), (1_200_000_000, 60), (1_200_000_001, 61), (8_000_000_000, 400), (10**12, 2880)],
)
def test_run_may_take_a_minute_for_each_20_megabytes_of_its_largest_batch(pending: int, minutes: int) -> None:
    """A reload, which replaces its table in one commit, would begin again at each time-out."""
    world = World([table(7)], {"s.t7": pending})
    assert world.state()["glue_job_timeout_minutes"] == minutes


def test_batches_of_one_plan_get_the_time_of_the_largest() -> None:
    large = {"s.t7": 2_400_000_001, "s.t8": 2_400_000_000}
    world = World([table(number) for number in range(10)], dict.fromkeys(map("s.t{}".format, range(7)), 1) | large)
    assert sorted(len(batch) for batch in world.planned()) == [1, 1, 3, 4]
    assert world.state()["glue_job_timeout_minutes"] == 121


def test_run_after_one_that_was_cut_off_gets_all_the_time_there_is() -> None:
    """What a replay reads again is not in the pending bytes."""
    world = World([table(1), table(2)], {"s.t1": 1, "s.t2": 1}, known_leases={"db.t2": TableLease(was_cut_off=True)})
    assert world.state()["glue_job_timeout_minutes"] == 2880


GIBIBYTE = 1024**3


@pytest.mark.parametrize(
    ("pending", "worker", "most", "workers"),
    [
        (1, "G.1X", 10, 2),
        (0, "G.1X", 10, 2),
        (GIBIBYTE, "G.1X", 10, 2),
        (GIBIBYTE + 1, "G.1X", 10, 3),
        (5 * GIBIBYTE, "G.1X", 10, 6),
        (5 * GIBIBYTE, "G.1X", 4, 4),
        (500 * GIBIBYTE, "G.1X", 10, 10),
        (5 * GIBIBYTE, "G.2X", 10, 4),
        (5 * GIBIBYTE, "R.8X", 10, 2),
    ],
)
def test_rule_14_run_gets_a_worker_for_each_share_of_its_pending_bytes_and_never_more_than_the_manifest_allows(
    pending: int, worker: str, most: int, workers: int
) -> None:
    """Four runs of ten workers for eighteen small tables were 94 % of the bill."""
    config = batch_config(glue_job_worker_type=worker, glue_job_max_workers=most)
    state = World([table(1)], {"s.t1": pending}, config=config).state()
    assert (state["glue_job_worker_type"], state["glue_job_workers"]) == (worker, [workers])


def test_rule_14_only_the_batch_of_the_huge_table_gets_many_workers() -> None:
    work = {f"s.t{number}": 1000 for number in range(4)} | {"s.t4": 7 * GIBIBYTE}
    world = World([table(number) for number in range(5)], work)
    workers = dict(zip(world.planned(), world.state()["glue_job_workers"], strict=True))
    assert workers == {("s.t4",): 8, ("s.t0", "s.t1", "s.t2", "s.t3"): 2}


def test_run_after_one_that_was_cut_off_gets_all_workers_that_the_manifest_allows_and_the_others_do_not() -> None:
    """What wore it out may be the table's size, which is not in the pending bytes."""
    config = batch_config(refresh_tables_batch_size=1)
    leases = {"db.t2": TableLease(was_cut_off=True)}
    world = World([table(1), table(2)], {"s.t1": 1, "s.t2": 1}, known_leases=leases, config=config)
    workers = dict(zip(world.planned(), world.state()["glue_job_workers"], strict=True))
    assert workers == {("s.t1",): 2, ("s.t2",): 10}


@pytest.mark.parametrize("worker", get_args(WorkerType))
def test_every_worker_that_manifests_may_name_can_be_counted(worker: str) -> None:
    state = World([table(1)], {"s.t1": 1}, config=batch_config(glue_job_worker_type=worker)).state()
    assert state["glue_job_workers"] == [2]


@pytest.mark.parametrize(
    ("cadence", "worker", "expected"),
    [
        ("10_min_refresh", "G.1X", ("STANDARD", 60)),
        ("59_min_refresh", "G.1X", ("STANDARD", 60)),
        ("60_min_refresh", "G.1X", ("FLEX", 120)),
        ("1_hour_refresh", "G.2X", ("FLEX", 120)),
        ("1_day_refresh", "G.1X", ("FLEX", 120)),
        ("1_day_refresh", "G.4X", ("STANDARD", 60)),
        ("1_day_refresh", "R.1X", ("STANDARD", 60)),
    ],
)
def test_flex_is_for_cadences_of_an_hour_and_more_on_workers_that_glue_allows_and_gets_twice_the_time(
    cadence: str, worker: str, expected: tuple[str, int]
) -> None:
    config = batch_config(refresh_cadence=cadence, glue_job_worker_type=worker)
    state = World([table(1)], {"s.t1": 1}, config=config).state()
    assert (state["glue_job_execution_class"], state["glue_job_timeout_minutes"]) == expected


@pytest.mark.parametrize(
    ("pending", "expected"),
    [(14_400_000_000, ("FLEX", 1440)), (14_400_000_001, ("STANDARD", 721)), (10**12, ("STANDARD", 2880))],
)
def test_load_that_takes_long_runs_on_machines_that_nobody_takes_back(pending: int, expected: tuple[str, int]) -> None:
    state = World([table(1)], {"s.t1": pending}, config=batch_config(refresh_cadence="1_day_refresh")).state()
    assert (state["glue_job_execution_class"], state["glue_job_timeout_minutes"]) == expected


def test_run_after_one_that_was_cut_off_is_not_on_flex() -> None:
    leases = {"db.t1": TableLease(was_cut_off=True)}
    config = batch_config(refresh_cadence="1_day_refresh")
    state = World([table(1)], {"s.t1": 1}, known_leases=leases, config=config).state()
    assert (state["glue_job_execution_class"], state["glue_job_timeout_minutes"]) == ("STANDARD", 2880)


REFUSED = TableLease(refused_registrations=7, refused_configuration=table(1).digest)


@pytest.mark.parametrize(
    ("lease", "planned"),
    [
        (REFUSED, ()),
        (replace(REFUSED, refused_registrations=6), (("s.t1",),)),
        (replace(REFUSED, refused_configuration=table(2).digest), (("s.t1",),)),
        (TableLease(), (("s.t1",),)),
    ],
)
def test_rule_11_refused_table_starts_nothing_until_a_file_comes_or_its_configuration_changes(
    lease: TableLease, planned: tuple[tuple[str, ...], ...]
) -> None:
    assert World([table(1)], {"s.t1": 1}, known_leases={"db.t1": lease}).planned() == planned


def test_digest_of_a_configuration_differs_with_every_field_and_with_nothing_else() -> None:
    config = table_config()
    others = (
        table_config(is_active=False),
        table_config(primary_key=("A", "B")),
        table_config(on_dropped_column="null"),
        table_config(engine="spark"),
    )
    assert len({config.digest, *(other.digest for other in others)}) == 5
    assert table_config().digest == config.digest
    assert len(config.digest) == 64


def test_rule_11_second_execution_of_a_cadence_plans_nothing_while_the_first_has_it() -> None:
    """Code review C14: overlapping executions planned the same tables again."""
    world = World([table(1)], {"s.t1": 1})
    first = world.state()
    second = world.manager.plan("10_min_refresh", "execution-2")
    assert (first["outcome"], world.owner) == (PLANNED, EXECUTION)
    assert second == {"outcome": ALREADY_RUNNING, "running": EXECUTION, "batches": []}
    world.manager.release("10_min_refresh", EXECUTION)
    assert world.manager.plan("10_min_refresh", "execution-2")["outcome"] == PLANNED


def test_cadence_that_cannot_be_planned_is_free_again() -> None:
    world = World([], {}, is_configured=False)
    with pytest.raises(MissingConfigurationError):
        world.state()
    assert world.owner is None


def test_rule_11_state_of_three_thousand_tables_stays_far_below_the_limit_and_names_no_table() -> None:
    """Defect 16 of the reference: configurations in the state met the limit at 554 tables."""
    tables = [table(number) for number in range(3000)]
    state = json.dumps(World(tables, {config.source_table_name: 1 for config in tables}).state())
    assert len(state) < 8 * 1024
    assert "s.t1" not in state
    assert json.loads(state)["batches"] == list(range(500)), "the history of an execution holds no more"


def test_plan_is_kept_under_cadence_and_name_of_its_execution() -> None:
    world = World([table(1)], {"s.t1": 1})
    assert world.state()["plan_key"] == "odp/plans/10_min_refresh/run-1.json"
    assert list(world.plans) == ["odp/plans/10_min_refresh/run-1.json"]


def test_more_tables_than_the_history_of_an_execution_holds_are_planned_in_turn_and_none_starves() -> None:
    """Finding R6: above some 3,000 batches an execution died of its history; all tables have files all the time."""
    world = World(
        [table(number) for number in range(3200)],
        {f"s.t{number}": 3200 - number for number in range(3200)},
        config=batch_config(refresh_tables_batch_size=1),
    )
    refreshed: set[str] = set()
    for execution in range(7):
        batches = world.planned()
        assert len(batches) <= 500
        names = {name for batch in batches for name in batch}
        assert not names & refreshed or execution == 6
        refreshed |= names
        at = f"2026-01-05T{execution:02}:00:00.000+00:00"
        world.known_leases |= {f"db.{name.removeprefix('s.')}": TableLease(touched_at=at) for name in names}
        world.release(world.config.refresh_cadence, EXECUTION)
    assert len(refreshed) == 3200
    at = "2026-01-05T12:00:00.000+00:00"
    world.known_leases |= {f"db.t{number}": TableLease(touched_at=at) for number in range(2700)}
    assert {name for (name,) in world.planned()} == {f"s.t{number}" for number in range(2700, 3200)}


def test_tables_whose_runs_die_again_and_again_do_not_keep_the_others_out() -> None:
    world = World(
        [table(number) for number in range(501)],
        {f"s.t{number}": 1 for number in range(501)},
        config=batch_config(refresh_tables_batch_size=1),
    )
    world.known_leases = {
        f"db.t{number}": TableLease(was_cut_off=True, touched_at="2026-01-05T00:00:00.000+00:00")
        for number in range(500)
    }
    assert ("s.t500",) in world.planned()


class Regions:
    """A Region that is active, a cold or a warm standby, in epoch 3."""

    def __init__(self, own_region: str, mode: StandbyMode = StandbyMode.WARM) -> None:
        self.own_region = own_region
        self.settings = RegionSettings("regions", EAST, WEST, mode, lag_minutes=15, refresh_minutes=30)
        self.noted = ""

    def newest(self) -> Epoch:
        return Epoch(3, EAST)

    def last_as_standby(self, refresh_cadence: str) -> str:
        return self.noted

    def planned_as_standby(self, refresh_cadence: str) -> None:
        self.noted = "2026-12-01T12:00:00+00:00"

    def turn(self) -> RegionTurn:
        return RegionTurn(self, self, lambda: datetime(2026, 12, 1, 12, 1, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(("region", "is_standby"), [(EAST, False), (WEST, True)])
def test_plan_says_under_which_epoch_and_for_which_role_it_was_made(region: str, is_standby: bool) -> None:
    world = World([table(1)], {"s.t1": 1}, turn=Regions(region).turn())
    plan = world.plans[world.state()["plan_key"]]
    assert (plan.epoch, plan.is_standby, plan.batches) == (3, is_standby, (("s.t1",),))


def test_cold_standby_has_no_batches_reads_nothing_and_leaves_the_cadence_alone() -> None:
    world = World([table(1)], {"s.t1": 1}, is_configured=False, turn=Regions(WEST, StandbyMode.COLD).turn())
    state = world.state()
    assert (state["outcome"], state["batches"], world.plans, world.owner) == (STANDBY, [], {}, None)
    assert "us-east-1 is the active Region" in state["reason"]


def test_warm_standby_waits_after_a_plan_but_not_after_one_that_failed() -> None:
    world = World([table(1)], {"s.t1": 1}, is_configured=False, turn=Regions(WEST).turn())
    with pytest.raises(MissingConfigurationError):
        world.state()
    world.is_configured = True
    assert world.state()["outcome"] == PLANNED
    world.owner = None
    assert world.state()["outcome"] == STANDBY


def test_without_a_secondary_a_plan_is_of_epoch_0() -> None:
    world = World([table(1)], {"s.t1": 1})
    plan = world.plans[world.state()["plan_key"]]
    assert (plan.epoch, plan.is_standby) == (0, False)
