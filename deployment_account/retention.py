"""How long an environment keeps what is not live table data."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from deployment_account.model import Days, Model

CLOUDWATCH_RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip


def known_to_cloudwatch(days: int) -> int:
    """Log groups accept certain retentions only; anything else would fail at deployment."""
    if days not in CLOUDWATCH_RETENTIONS:
        raise ValueError(f"CloudWatch keeps logs for one of {', '.join(map(str, CLOUDWATCH_RETENTIONS))} days")
    return days


class Retention(Model):
    """How long what is not live table data is kept."""

    log_days: Annotated[int, AfterValidator(known_to_cloudwatch)] = 30
    """Log groups and access logs."""
    noncurrent_version_days: Days = 7
    """Overwritten or deleted object versions in the versioned buckets."""
    query_result_days: Days = 30
    """Results of Athena queries, but not tables that were created from queries."""
    plan_days: Days = 14
    """What each run was asked to do, and what it says that it did."""
    landed_file_tier_days: Annotated[int, Field(ge=30, le=3653)] | None = None
    """After how long landed files, which no table reads, move to cheaper storage that is still read at once."""
