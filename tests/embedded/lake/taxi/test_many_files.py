"""As many files at once as the Landing function takes together, and one more: all are loaded, by few runs."""

from dataclasses import replace

import pytest

from deployment_account.names import TaxiName
from tests.embedded.lake.taxi.flow import Flow, Outcome
from tests.embedded.lake.taxi.trip_files import YELLOW, rows_of, small_files

MOST_BUNDLES = 2
"""The function takes 200 files at once, and what it takes next is a bundle more."""
FILES = [replace(file, key=file.key.replace(YELLOW, f"{YELLOW}/many", 1)) for file in small_files(201)]


@pytest.mark.slow  # each file takes the flow half a second; test_drop.py drops forty
def test_two_hundred_files_that_land_together_are_loaded_by_few_glue_runs(flow: Flow) -> None:
    before = flow.runs(TaxiName.CONFORMED_JOB)
    with flow.batched():
        for file in FILES:
            flow.put(file.key, file.content)
    outcome = Outcome.of(flow)
    runs = outcome.conformed_runs[: len(outcome.conformed_runs) - len(before)]
    assert 0 < len(runs) <= MOST_BUNDLES
    assert {run["JobRunState"] for run in runs} == {"SUCCEEDED"}
    assert {outcome.of_key(file.key)[-1]["file_status"] for file in FILES} == {"completed"}
    found = {row: count for row, count in outcome.rows("yellow").items() if row[0].startswith(f"{YELLOW}/many/")}
    assert found == rows_of(FILES)
