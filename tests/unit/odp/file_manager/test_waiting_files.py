"""Retention forgets objects whether or not they were applied, so people are told in time."""

from datetime import UTC, datetime

import pytest
from odp.file_manager.waiting_files import held_tables_that_lose_files, tables_that_lose_files
from odp.records import KeptEntry

NOW = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("landed", "expected"),
    [("2026-04-06T00:00:00Z", ["s.t"]), ("2026-04-08T00:00:00Z", []), ("2026-06-30T00:00:00Z", []), ("", [])],
)
def test_table_is_named_in_the_last_week_of_its_oldest_pending_file(landed: str, expected: list[str]) -> None:
    assert tables_that_lose_files(["s.t"], lambda _: landed, now=NOW, landed_file_days=90) == expected


@pytest.mark.parametrize(
    ("landed", "expected"),
    [
        ("2026-01-01T00:00:00Z", {"s.t"}),
        ("2026-04-06T00:00:00Z", {"s.t"}),
        ("2026-04-08T00:00:00Z", set()),
        ("", set()),
    ],
)
def test_table_is_named_in_the_last_week_of_its_oldest_held_file(landed: str, expected: set[str]) -> None:
    """Held files are not pending: a load that nobody decided about expired without a warning."""
    kept = [KeptEntry("s.t#1", "s.t", "2026-06-29T00:00:00.000+00:00", landed_from=landed)]
    assert held_tables_that_lose_files(kept, now=NOW, landed_file_days=90) == expected
