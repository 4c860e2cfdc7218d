"""Refreshes the tables of one batch, several at a time, and reports failure when any table failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from odp.errors import RefreshFailedError
from odp.refreshes import RefreshOutcome, RefreshStatus

logger = logging.getLogger(__name__)

RefreshOne = Callable[[str], RefreshOutcome | None]
"""Refreshes one source table; None when another run holds it."""


def refresh_batch(source_tables: Sequence[str], refresh_one: RefreshOne, *, at_a_time: int) -> list[RefreshOutcome]:
    """Refresh every table of a batch, whatever happens to the others.

    Raises:
        RefreshFailedError: after all tables were tried, naming those that failed and why.
    """
    with ThreadPoolExecutor(max_workers=max(1, min(at_a_time, len(source_tables)))) as threads:
        futures = {name: threads.submit(refresh_one, name) for name in source_tables}
    outcomes: list[RefreshOutcome] = []
    failures: dict[str, str] = {}
    for name, future in futures.items():
        if (error := future.exception()) is not None:
            logger.error("%s could not be begun", name, exc_info=error)
            failures[name] = f"{type(error).__name__}: {error}"
        elif (outcome := future.result()) is not None:
            outcomes.append(outcome)
            if outcome.status is RefreshStatus.ERROR:
                failures[name] = outcome.error
    if failures:
        names = ", ".join(failures)  # all of them first: whoever shortens the message keeps the names
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        message = f"{len(failures)} of {len(source_tables)} tables failed ({names}): {reasons}"
        raise RefreshFailedError(message)
    return outcomes
