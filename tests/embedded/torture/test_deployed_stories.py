"""Rules 1 to 9 together on the deployed lake: real Glue runs that are killed, paused, throttled and overtaken."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from rehearsal.torture.deployed.campaign import campaign, deployed_lake, replicas_of, steps_of
from rehearsal.torture.pairs import STORAGES

SEEDS = (2, 3, 9, 19, 20, 30, 41, 42)
"""Each is a table; a test says what they have. `make torture-lake` plays any number."""
FEW = (2, 3, 9, 30, 41)
"""Of them, those that have every step, storage and history; the others have them in every combination."""
MANY = range(20)


@pytest.mark.parametrize(
    "seeds",
    [FEW, pytest.param(SEEDS, marks=pytest.mark.slow), pytest.param(MANY, marks=pytest.mark.slow)],
    ids=["5 tables", "8 tables", "20 tables"],
)
def test_tables_of_the_lake_equal_the_source_and_the_ledger_agrees_with_the_files_after_any_story(
    seeds: Sequence[int], tmp_path: Path
) -> None:
    with deployed_lake(tmp_path) as lake:
        problems = campaign(lake, seeds, say=lambda _: None)
    assert not [str(problem) for problem in problems]


def test_the_tables_are_of_every_format_engine_and_history_and_meet_every_step_that_many_meet() -> None:
    kinds = {(table.storage, table.kind.is_historical) for table in replicas_of(SEEDS, STORAGES)}
    assert kinds == set(product(STORAGES, (False, True)))
    assert {step.act for step in steps_of(SEEDS)} >= {step.act for step in steps_of(MANY)}


def test_a_few_of_them_are_of_each_format_engine_and_history_and_meet_as_many_steps() -> None:
    tables = list(replicas_of(FEW, STORAGES))
    assert {table.storage for table in tables} == set(STORAGES)
    assert {table.kind.is_historical for table in tables} == {False, True}
    assert {step.act for step in steps_of(FEW)} == {step.act for step in steps_of(SEEDS)}
