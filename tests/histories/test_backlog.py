"""Rule 13: thousands of files that wait when a table is refreshed for the first time are applied in bounded commits."""
# ruff: noqa: S311 - draws must repeat, not be secret

from random import Random

import pytest
from odp.file_processor.late_files import Limits

from rehearsal.source.dms import CHANGE_SEQUENCE
from rehearsal.torture.histories import Act, Step
from rehearsal.torture.memory.lake import MemoryLake, config_of
from rehearsal.torture.reference_model import Kind, ReferenceModel
from rehearsal.torture.runner import silent
from rehearsal.torture.trial import Trial

BACKLOG, CAP = 3000, 100


@pytest.mark.parametrize("is_historical", [True, False])
def test_backlog_of_thousands_of_files_is_applied_a_hundred_at_a_time(is_historical: bool) -> None:
    lake = MemoryLake(Random(1))
    lake.limits, lake.staging.page_size = Limits(files=CAP, replayed_files=CAP), 1000
    replica = _replica(lake, is_historical=is_historical)
    trial = Trial(lake, [replica])
    draw = Random(3)
    while len(replica.source.log) < BACKLOG:
        replica.source.change(draw)
    with silent():
        acts = (Act.FLUSH, Act.FLUSH, Act.DELIVER, Act.RUN)
        problems = trial.play([Step(act, 0, seed) for seed, act in enumerate(acts)])
    assert not problems
    files = [len(commit.file_ids) for commit in lake.evidence(replica).commits]
    assert max(files) == CAP
    assert sum(files) == len(replica.change_files) == BACKLOG


def _replica(lake: MemoryLake, *, is_historical: bool) -> ReferenceModel:
    """A table whose every change is a file of its own."""
    kind = Kind("default", "t", ("ID",), None, is_historical, CHANGE_SEQUENCE)
    draws = (ReferenceModel("t", kind, Random(seed), lake.clock.datetime) for seed in range(100))
    replica = next(drawn for drawn in draws if drawn.settings.rows_per_file == 1)
    lake.configs = {kind.source_table_name: config_of(replica)}
    return replica
