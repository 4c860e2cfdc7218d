"""Retention forgets objects whether or not they were applied, so people are told in time."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from odp.file_manager.waiting_files import landings_of, losses
from odp.records import KeptEntry

NOW = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("landed", "expected"),
    [
        ("2026-01-01T00:00:00Z", {"s.t": {"landed-2026-W01"}}),
        ("2026-04-06T00:00:00Z", {"s.t": {"landed-2026-W15"}}),
        ("2026-04-08T00:00:00Z", {}),
        ("2026-06-30T00:00:00Z", {}),
        ("", {}),
    ],
)
def test_table_is_named_in_the_last_week_of_its_oldest_file_and_after_it(
    landed: str, expected: dict[str, set[str]]
) -> None:
    assert losses([("s.t", landed)], now=NOW, landed_file_days=90) == expected


def test_files_that_landed_in_other_weeks_are_another_loss() -> None:
    landed = ["2026-04-05T23:59:59Z", "2026-04-06T00:00:00Z", "2026-04-06T23:00:00Z", "2026-04-30T00:00:00Z"]
    found = losses([*(("s.t", at) for at in landed), ("s.u", landed[0])], now=NOW, landed_file_days=90)
    assert found == {"s.t": {"landed-2026-W14", "landed-2026-W15"}, "s.u": {"landed-2026-W14"}}


def test_only_open_entries_are_files_that_somebody_may_lose() -> None:
    """Held files are not pending: a load that nobody decided about expired without a warning."""
    kept = KeptEntry("s.t#1", "s.t", "2026-06-29T00:00:00.000+00:00", landed_from="2026-04-06T00:00:00Z")
    assert landings_of([kept, replace(kept, is_dismissed=True)]) == [("s.t", "2026-04-06T00:00:00Z")]
