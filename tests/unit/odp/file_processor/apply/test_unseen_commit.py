"""A plan is applied to the table that it was made for, and to no other."""

import pytest
from odp.file_processor.apply.commit_proof import proof_of_refresh
from odp.file_processor.apply.decided_refresh import refuse_unseen_commit
from odp.records import FileType, LandedFile
from odp.refresh import RefreshKind, RefreshPlan, TableState

from lake.errors import TableMovedError
from lake.tables.change import StoredTable
from tests.unit.odp.native.dms import CONFIG


def plan(*files: str, follows: frozenset[str] | None) -> RefreshPlan:
    landed = tuple(LandedFile("s.t", name, FileType.CHANGES, "s", "t", "b", name, 1, "", "2026") for name in files)
    return RefreshPlan(RefreshKind.CHANGES, landed, (), TableState(1), follows=follows)


SEEN, LATE = (StoredTable(time, {}, proof_of_refresh(plan(file, follows=None))) for time, file in ("1a", "2b"))
OF_SEEN = frozenset({"a"})


@pytest.mark.parametrize(
    ("stored", "follows"), [(None, frozenset()), (SEEN, OF_SEEN), (SEEN, None)], ids=["new table", "known", "any"]
)
def test_plan_for_the_table_as_it_is_passes(stored: StoredTable | None, follows: frozenset[str] | None) -> None:
    refuse_unseen_commit(CONFIG, plan("c", follows=follows), stored)


@pytest.mark.parametrize(("stored", "follows"), [(SEEN, frozenset()), (LATE, OF_SEEN), (None, OF_SEEN)])
def test_plan_is_refused_if_a_commit_came_since_the_run_read_the_table_or_the_table_is_gone(
    stored: StoredTable | None, follows: frozenset[str]
) -> None:
    with pytest.raises(TableMovedError):
        refuse_unseen_commit(CONFIG, plan("c", follows=follows), stored)
