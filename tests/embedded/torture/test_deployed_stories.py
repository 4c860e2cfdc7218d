"""Rules 1 to 9 together on the deployed lake: real Glue runs that are killed, paused, throttled and overtaken."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rehearsal.torture.deployed.campaign import campaign, deployed_lake

SEEDS = (0, 4, 7, 8, 9, 10)
"""Each is a table; these have every kind of table and of step that MANY have. `make torture-lake` plays any number."""
MANY = range(20)


@pytest.mark.parametrize("seeds", [SEEDS, pytest.param(MANY, marks=pytest.mark.slow)], ids=["6 tables", "20 tables"])
def test_tables_of_the_lake_equal_the_source_and_the_ledger_agrees_with_the_files_after_any_story(
    seeds: Sequence[int], tmp_path: Path
) -> None:
    with deployed_lake(tmp_path) as lake:
        problems = campaign(lake, seeds, say=lambda _: None)
    assert not [str(problem) for problem in problems]
