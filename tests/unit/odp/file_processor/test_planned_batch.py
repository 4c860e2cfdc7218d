"""A run refreshes the tables of its batch that are still configured, and begins none that it has no time for."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from odp.errors import MissingConfigurationError
from odp.file_processor import planned_batch
from odp.file_processor.planned_batch import (
    BatchRun,
    RunEngine,
    refresh_planned_batch,
    refresher_in_region,
    refresher_of,
)
from odp.file_processor.refresh_settings import RefreshSettings
from odp.file_processor.standby import FilesUntil
from odp.records import BatchPlan, RawTableConfig
from odp.refresh import RefreshOutcome, RefreshStatus

from lake.errors import RejectedInputError, StaleRegionError
from lake.ledger.epochs import Epoch
from tests.unit.odp.samples import table_config
from tests.unit.two_regions import EAST, TwoRegions, requests_of, settings_json

if TYPE_CHECKING:
    from odp.file_processor.batch_refresh import TableRefresher
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

PLAN = BatchPlan("c", "e", (("s.other",), ("s.a", "s.b", "s.removed", "s.paused")))
NOTHING: Any = ["x"] * 10 + [1] * 4
SETTINGS = RefreshSettings(*NOTHING)
RUN = BatchRun(PLAN.key, 1, "run")


@dataclass
class World:
    """Stands for the plan, the configuration and the refresher of a run."""

    refreshed: list[str]

    def read(self, key: str) -> BatchPlan:
        assert key == PLAN.key
        return PLAN

    def table(self, cadence: str, source_table: str) -> RawTableConfig:
        assert cadence == "c"
        if source_table == "s.removed":
            raise MissingConfigurationError("s.removed was removed")
        return replace(table_config(), source_table_name=source_table, is_active=source_table != "s.paused")

    def refresh(self, config: RawTableConfig) -> RefreshOutcome:
        self.refreshed.append(config.source_table_name)
        return RefreshOutcome("db.t", config.source_table_name, RefreshStatus.COMPLETED, "", "")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World([])
    made: dict[str, Any] = {
        "S3PlanStorage": lambda bucket: world,
        "dynamodb_resource": lambda: None,
        "RunningVersion": lambda *_: None,
        "DynamoDbTableConfigs": lambda *_: world,
        "refresher_of": lambda settings, dynamodb, engine, run_id, epoch=None: world,
    }
    for name, stand_in in made.items():
        monkeypatch.setattr(planned_batch, name, stand_in)
    return world


def test_tables_of_the_batch_are_refreshed_but_those_that_were_removed_or_paused_since(world: World) -> None:
    outcomes = refresh_planned_batch(SETTINGS, RUN, RunEngine(writer=None, at_a_time=1))  # type: ignore[arg-type]
    assert world.refreshed == ["s.a", "s.b"]
    assert [outcome.source_table_name for outcome in outcomes] == ["s.a", "s.b"]


def test_a_table_that_would_begin_too_late_is_left_for_the_next_execution_and_fails_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    engine = RunEngine(writer=None, at_a_time=1, may_begin=lambda: not world.refreshed)  # type: ignore[arg-type]
    outcomes = refresh_planned_batch(SETTINGS, RUN, engine)
    assert [outcome.source_table_name for outcome in outcomes] == ["s.a"]
    assert "s.b waits for the next execution" in caplog.text


def test_refreshes_ask_between_two_commits_what_the_run_asks_between_two_tables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings = replace(SETTINGS, buckets="{}", sources='{"default": {"folder": ""}}')
    asked: list[bool] = []
    engine = RunEngine(writer=None, at_a_time=1, may_begin=lambda: bool(asked))  # type: ignore[arg-type]
    refresher = refresher_of(settings, boto3.resource("dynamodb"), engine, "run")
    assert not refresher.has_time()
    asked.append(True)
    assert refresher.has_time()


@pytest.mark.parametrize("batch", [-1, 2])
def test_batch_that_the_plan_does_not_have_is_refused_and_is_no_other(world: World, batch: int) -> None:
    engine = RunEngine(writer=None, at_a_time=1)  # type: ignore[arg-type]
    with pytest.raises(RejectedInputError, match="has 2 batches"):
        refresh_planned_batch(SETTINGS, replace(RUN, batch=batch), engine)
    assert world.refreshed == []


IN_TWO_REGIONS = replace(
    SETTINGS,
    file_processing_tracker_table="leases",
    buckets="{}",
    sources='{"default": {"folder": ""}}',
    regions=settings_json(),
)
ENGINE: Any = RunEngine(writer=None, at_a_time=1)  # type: ignore[arg-type]


def refresher(dynamodb: DynamoDBServiceResource, settings: RefreshSettings, **plan: Any) -> TableRefresher:
    return refresher_in_region(settings, dynamodb, ENGINE, "run", replace(PLAN, **plan))


def test_run_of_a_standby_has_a_clock_that_is_behind_and_no_other_has(dynamodb: DynamoDBServiceResource) -> None:
    now = datetime.now(UTC)
    assert abs(refresher(dynamodb, IN_TWO_REGIONS).clock() - now) < timedelta(minutes=1)
    standby = refresher(dynamodb, IN_TWO_REGIONS, is_standby=True)
    assert abs(standby.clock() - (now - timedelta(minutes=15))) < timedelta(minutes=1)
    assert isinstance(standby.files, FilesUntil)


def test_run_takes_leases_under_the_epoch_and_in_the_role_of_its_plan(dynamodb: DynamoDBServiceResource) -> None:
    TwoRegions(dynamodb).begin(5, EAST)
    lease = refresher(dynamodb, IN_TWO_REGIONS, epoch=5).leases.acquire("db.t", "run")
    assert lease is not None
    assert lease.epoch == 5
    with pytest.raises(StaleRegionError, match="by epoch 5"):
        refresher(dynamodb, IN_TWO_REGIONS, epoch=4).leases.acquire("db.u", "run")
    with pytest.raises(StaleRegionError, match="by epoch 5"):
        refresher(dynamodb, IN_TWO_REGIONS, epoch=5, is_standby=True).leases.acquire("db.u", "run")


def test_run_of_a_region_that_took_over_from_a_lost_one_knows_when_files_may_be_incomplete(
    dynamodb: DynamoDBServiceResource,
) -> None:
    lost = Epoch(1, EAST, "2026-12-01T10:30:00+00:00", planned=False, last_seen="2026-12-01T10:00:00+00:00")
    TwoRegions(dynamodb).of(EAST).begin(lost)
    window = refresher(dynamodb, IN_TWO_REGIONS, epoch=1).lost_on_the_way
    assert window is not None
    assert (window.since.isoformat(), window.until.isoformat()) == (
        "2026-12-01T09:45:00+00:00",
        "2026-12-01T10:30:00+00:00",
    )


def test_without_a_secondary_nobody_asks_for_regions(dynamodb: DynamoDBServiceResource) -> None:
    alone = replace(IN_TWO_REGIONS, regions="")
    assert requests_of(dynamodb, lambda: refresher(dynamodb, alone)) == []
    assert not isinstance(refresher(dynamodb, alone).files, FilesUntil)
    assert requests_of(dynamodb, lambda: refresher(dynamodb, IN_TWO_REGIONS)) == ["Query"]
