"""How long an environment keeps what is not live table data."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt, model_validator

from deployment_account.model import Days, Model

CLOUDWATCH_RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip


LIFECYCLE_LAGS_DAYS = 7
"""S3 removes expired objects some days later than the rule says."""


def known_to_cloudwatch(days: int) -> int:
    """Log groups accept certain retentions only; anything else would fail at deployment."""
    if days not in CLOUDWATCH_RETENTIONS:
        raise ValueError(f"CloudWatch keeps logs for one of {', '.join(map(str, CLOUDWATCH_RETENTIONS))} days")
    return days


class Retention(Model):
    """How long what is not live table data is kept."""

    log_days: Annotated[StrictInt, AfterValidator(known_to_cloudwatch)] = 30
    """Log groups and access logs."""
    noncurrent_version_days: Days = 7
    """Overwritten or deleted object versions in the staging and config buckets."""
    table_version_days: Days = 7
    """Files that tables no longer use, after a job has deleted or replaced them: until then that can be undone."""
    query_result_days: Days = 30
    """Results of Athena queries, but not tables that were created from queries."""
    plan_days: Days = 14
    """What each run was asked to do, and what it says that it did."""
    landed_file_tier_days: Annotated[int, Field(strict=True, ge=30, le=3653)] | None = None
    """After how long landed files, which no table reads, move to cheaper storage that is still read at once."""
    landed_file_days: Annotated[int, Field(strict=True, ge=14, le=3653)] = 90
    """After how long landed files expire, applied or not; until then they can be read again."""
    history_days: Annotated[int, Field(strict=True, ge=30, le=3653)] = 400
    """How long the ledger keeps processed files and ended runs."""

    @model_validator(mode="after")
    def _tiered_files_stay_a_while(self) -> Retention:
        if self.landed_file_tier_days is not None and self.landed_file_tier_days >= self.landed_file_days:
            raise ValueError(
                f"landed_file_tier_days: {self.landed_file_tier_days}, but landed files expire after "
                f"{self.landed_file_days} days (landed_file_days); tier them earlier, or not at all"
            )
        return self

    @model_validator(mode="after")
    def _history_outlives_the_objects_it_tells_of(self) -> Retention:
        """Or a sweep would find an object that nobody remembers, and apply it a second time."""
        objects_last = self.landed_file_days + self.noncurrent_version_days + LIFECYCLE_LAGS_DAYS
        if self.history_days <= objects_last:
            raise ValueError(
                f"history_days: {self.history_days}, but a landed file's object may last {objects_last} days "
                f"(landed_file_days {self.landed_file_days} + noncurrent_version_days {self.noncurrent_version_days} + "
                f"{LIFECYCLE_LAGS_DAYS} for S3's lifecycle); its file would be applied again: write more than that"
            )
        return self
