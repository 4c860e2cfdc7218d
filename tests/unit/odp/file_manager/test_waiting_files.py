"""Retention forgets objects whether or not they were applied, so people are told in time."""

from datetime import UTC, datetime

import pytest
from odp.file_manager.waiting_files import tables_that_lose_files

NOW = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("landed", "expected"),
    [("2026-04-06T00:00:00Z", ["s.t"]), ("2026-04-08T00:00:00Z", []), ("2026-06-30T00:00:00Z", []), ("", [])],
)
def test_table_is_named_in_the_last_week_of_its_oldest_pending_file(landed: str, expected: list[str]) -> None:
    assert tables_that_lose_files(["s.t"], lambda _: landed, now=NOW, landed_file_days=90) == expected
