"""Every commit carries its writer's fencing token; a run with an older token asks the ledger once more."""

from __future__ import annotations

import logging

from lake.tables.format import CheckLease

logger = logging.getLogger(__name__)


def refuse_overtaken(qualified_name: str, newest: int, fence: int, check_lease: CheckLease) -> None:
    """Refuse a run whose token is less than that of the table's newest commit, before it writes anything.

    Tokens grow, so such a run has lost its lease, and `check_lease` raises. If it does not, the ledger was emptied or
    restored from a backup since that commit: then the run goes on, or the table would be refused for ever.
    """
    if not 0 < fence < newest:
        return
    check_lease()
    logger.warning(
        "%s: the newest commit is of lease %d and this run holds lease %d, so the ledger is not the one of that commit",
        qualified_name,
        newest,
        fence,
    )
