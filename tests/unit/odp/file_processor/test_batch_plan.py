"""Rule 11: who has no pending files costs nothing, and the state machine carries references only."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from odp.file_processor.batch_plan import BatchManager, state_of
from odp.records import BatchConfig, BatchPlan, PendingWork, RawTableConfig

from tests.unit.odp.samples import batch_config, table_config


def table(number: int) -> RawTableConfig:
    return table_config(source_table_name=f"s.t{number}", raw_table_name=f"t{number}")


@dataclass
class World:
    tables: list[RawTableConfig]
    work: dict[str, int]
    being_refreshed: frozenset[str] = frozenset()
    plans: dict[str, BatchPlan] = field(default_factory=dict)
    asked_leases: list[str] = field(default_factory=list)

    def pending_work(self) -> Mapping[str, PendingWork]:
        return {name: PendingWork(name, 1, size) for name, size in self.work.items()}

    def held(self, qualified_names: Iterable[str]) -> frozenset[str]:
        self.asked_leases = list(qualified_names)
        return self.being_refreshed & set(self.asked_leases)

    def cadence(self, refresh_cadence: str) -> tuple[BatchConfig, Sequence[RawTableConfig]]:
        return batch_config(), self.tables

    def write(self, plan: BatchPlan) -> None:
        self.plans[plan.key] = plan

    def read(self, key: str) -> BatchPlan:
        return self.plans[key]

    def plan(self) -> BatchPlan:
        return BatchManager(self, self, self, self).plan("10_min_refresh", "run-1")[1]


def test_only_active_tables_with_pending_files_are_planned() -> None:
    """Defect 15 of the reference: inactive tables were refreshed all the same."""
    world = World([table(1), table(2)], {"s.t1": 5, "s.inactive": 5})
    assert world.plan().batches == (("s.t1",),)


def test_rule_11_cadence_without_pending_files_has_no_batch_and_writes_no_plan() -> None:
    world = World([table(1)], {})
    assert world.plan().batches == ()
    assert world.plans == {}


def test_table_that_a_run_is_refreshing_is_in_no_batch() -> None:
    world = World([table(1), table(2)], {"s.t1": 1, "s.t2": 1}, being_refreshed=frozenset({"db.t1"}))
    assert world.plan().batches == (("s.t2",),)


def test_leases_are_asked_for_tables_with_work_only() -> None:
    world = World([table(number) for number in range(50)], {"s.t7": 1})
    world.plan()
    assert world.asked_leases == ["db.t7"]


def test_rule_11_state_of_three_thousand_tables_stays_far_below_the_limit_and_names_no_table() -> None:
    """Defect 16 of the reference: configurations in the state met the limit at 554 tables."""
    tables = [table(number) for number in range(3000)]
    world = World(tables, {config.source_table_name: 1 for config in tables})
    state = json.dumps(state_of(batch_config(), world.plan()))
    assert len(state) < 8 * 1024
    assert "s.t1" not in state
    assert json.loads(state)["batches"] == list(range(600))


def test_plan_is_kept_under_the_key_that_the_state_carries() -> None:
    world = World([table(1)], {"s.t1": 1})
    plan = world.plan()
    assert world.plans[state_of(batch_config(), plan)["plan_key"]] == plan
