"""Nobody is surprised by the end of a Python that Lambda runs."""

from __future__ import annotations

from datetime import date

import pytest

from deployment_account.environments import Platform
from scripts.bootstrap import checks, runtimes
from scripts.bootstrap.accounts import Credentials
from scripts.bootstrap.findings import State


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 11, 29), State.FINE),
        (date(2027, 3, 1), State.FINE),
        (date(2027, 3, 2), State.WRONG),
        (date(2027, 6, 30), State.WRONG),
        (date(2028, 1, 1), State.WRONG),
    ],
)
def test_the_end_is_told_four_months_before(today: date, state: State) -> None:
    finding = runtimes.runtime_finding("Python of the functions", today)
    assert finding.state is state
    assert "2027-06-30" in finding.seen


def test_the_check_has_a_row_for_it(platform: Platform) -> None:
    subjects = [row.subject for row in checks.check(platform, Credentials({}), [])]
    assert "Python of the functions" in subjects
