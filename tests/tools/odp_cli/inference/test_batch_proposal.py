"""Runs are sized by what tables receive between two refreshes, with the reasons in words."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp.config_manager.manifest_model import WorkerType
from odp_cli.inference.batch_proposal import MOST_TABLES_OF_A_RUN, MOST_WORKERS, BatchProposal, propose_batch
from odp_cli.inference.cadence_proposal import CadenceProposal
from odp_cli.inference.landed_objects import LandedObject
from odp_cli.inference.landed_tables import LandedTable
from odp_cli.inference.proposal import propose
from odp_cli.inference.settings import GIBIBYTE, MEBIBYTE

from tests.tools.odp_cli.inference.test_cadence_proposal import DAY, MINUTE, START, change


def batch(*refresh_bytes: int, load_bytes: int = 0) -> BatchProposal:
    tables = [
        CadenceProposal(f"s.t{number}", "10_min_refresh", "", size, load_bytes)
        for number, size in enumerate(refresh_bytes)
    ]
    return propose_batch("10_min_refresh", tables)


def test_small_changes_of_many_tables_share_runs_of_many_tables() -> None:
    found = batch(*[MEBIBYTE] * 100)
    assert (found.tables, found.refresh_tables_batch_size) == (100, MOST_TABLES_OF_A_RUN)
    assert (found.glue_job_worker_type, found.glue_job_max_workers) == ("G.1X", 2)


def test_large_changes_get_runs_of_few_tables_and_more_workers() -> None:
    found = batch(*[400 * MEBIBYTE] * 10)
    assert found.refresh_tables_batch_size == 2
    assert found.glue_job_max_workers == 1 + math.ceil(800 / 1024)


def test_table_larger_than_a_run_gets_one_of_its_own() -> None:
    found = batch(10 * GIBIBYTE)
    assert (found.refresh_tables_batch_size, found.glue_job_max_workers) == (1, 11)


def test_workers_follow_the_heaviest_run() -> None:
    found = batch(*[MEBIBYTE] * 30, 8 * GIBIBYTE)  # the large table gets a run of its own, as the batch manager plans
    assert found.glue_job_max_workers == 1 + 8 * 1024 // 256 // 4


def test_number_of_workers_is_left_to_a_person_beyond_a_limit() -> None:
    assert batch(10_000 * GIBIBYTE).glue_job_max_workers == MOST_WORKERS


def test_cadence_without_changes_gets_the_smallest_run() -> None:
    found = batch(0)
    assert (found.refresh_tables_batch_size, found.glue_job_max_workers) == (MOST_TABLES_OF_A_RUN, 2)


@pytest.mark.parametrize(
    ("load_bytes", "worker"),
    [(0, "G.1X"), (20 * GIBIBYTE, "G.1X"), (21 * GIBIBYTE, "G.2X"), (201 * GIBIBYTE, "G.4X")],
)
def test_worker_type_follows_the_largest_table(load_bytes: int, worker: str) -> None:
    assert batch(MEBIBYTE, load_bytes=load_bytes).glue_job_worker_type == worker


def test_reasons_tell_every_number_and_what_it_rests_on() -> None:
    size, worker, workers, first = batch(300 * MEBIBYTE, 500 * MEBIBYTE, load_bytes=2 * GIBIBYTE).reasons
    assert "refresh_tables_batch_size 2: " in size
    assert "receives 400 MB on average" in size
    assert "glue_job_worker_type G.1X: the largest table, s.t0, has 2.0 GB of full load" in worker
    assert (
        "glue_job_max_workers 2: the driver, and a worker for each 1.0 GB of the 800 MB of the heaviest run" in workers
    )
    assert "4.0 GB of full loads" in first


@given(st.lists(st.integers(0, 2**45), min_size=1, max_size=60), st.integers(0, 2**45))
def test_any_proposal_is_one_that_manifests_allow(refresh_bytes: list[int], load_bytes: int) -> None:
    found = batch(*refresh_bytes, load_bytes=load_bytes)
    assert 1 <= found.refresh_tables_batch_size <= 100
    assert 2 <= found.glue_job_max_workers <= 299
    assert found.glue_job_worker_type in get_args(WorkerType)


def test_each_cadence_in_use_gets_one_batch_configuration_the_shortest_first() -> None:
    daily = LandedTable("s", "daily", changes=tuple(change(START + DAY * number) for number in range(4)))
    often = LandedTable("s", "often", changes=tuple(change(START + MINUTE * number) for number in range(4)))
    load = LandedTable("s", "load", loads=(LandedObject("s/load/LOAD00000001.parquet", 1, START),))
    found = propose([daily, often, load])
    assert [each.refresh_cadence for each in found.batches] == ["10_min_refresh", "1_hour_refresh", "1_day_refresh"]
    assert found.cadences["s.daily"].refresh_cadence == "1_day_refresh"


def test_cadence_without_tables_gets_no_batch_configuration() -> None:
    often = LandedTable("s", "often", changes=tuple(change(START + MINUTE * number) for number in range(4)))
    assert [(each.refresh_cadence, each.tables) for each in propose([often]).batches] == [("10_min_refresh", 1)]


def test_no_tables_give_no_proposal() -> None:
    assert propose([]).batches == ()
