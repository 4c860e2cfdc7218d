"""The item of a table in odpf_file_processing_tracker: its writer and its last refresh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from odp.records import TableLease
from odp.refresh import RefreshStatus

from lake.tables.capabilities import Engine


@dataclass(frozen=True, slots=True)
class LastRefresh:
    """The outcome of the last refresh that returned its lease."""

    ended_at: str
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    files: int
    error: str = ""
    updates_without_row: int = 0
    engine: str = Engine.SPARK.value
    beyond_engine: str = ""
    """Why the native engine left the table to Spark, in its own run and in those of Spark that follow."""
    advice: str = ""
    """What a person may have to do about rows of the table."""

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "ended_at": self.ended_at,
            "rows_inserted": self.rows_inserted,
            "rows_updated": self.rows_updated,
            "rows_deleted": self.rows_deleted,
            "files": self.files,
            "error": self.error,
            "updates_without_row": self.updates_without_row,
            "engine": self.engine,
            "beyond_engine": self.beyond_engine,
            "advice": self.advice,
        }


@dataclass(frozen=True, slots=True)
class LeaseState:
    """The lease of one table; `expires_at` is None when nobody has it.

    The native engine leaves the table to Spark for the reason `beyond_engine`: until `spark_until`, and for one refresh
    after it.
    """

    refresh_status: str = ""
    owner: str = ""
    since: str = ""
    expires_at: datetime | None = None
    last: LastRefresh | None = None
    refused_registrations: int = -1
    refused_configuration: str = ""
    beyond_engine: str = ""
    spark_until: datetime | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> LeaseState:
        """Read a stored lease; fields that an older release lacks are unknown."""
        since, expires_at = item.get("lease_since"), item.get("lease_expires_at")
        return cls(
            refresh_status=str(item.get("refresh_status", "")),
            owner=str(item.get("lease_owner", "")),
            since=_moment(since).isoformat(timespec="seconds") if since else "",
            expires_at=_moment(expires_at) if expires_at else None,
            last=_last_refresh(item["last_refresh"]) if "last_refresh" in item else None,
            refused_registrations=int(item.get("refused_registrations", -1)),
            refused_configuration=str(item.get("refused_configuration", "")),
            beyond_engine=str(item.get("beyond_engine", "")),
            spark_until=_moment(item["spark_until"]) if "spark_until" in item else None,
        )

    def is_held(self, now: datetime) -> bool:
        """Whether a run is writing the table."""
        return self.expires_at is not None and self.expires_at >= now

    @property
    def is_left_to_spark(self) -> bool:
        """Whether Spark refreshes the table because the native engine could not."""
        return bool(self.beyond_engine)

    def may_have_unrecorded_commit(self, now: datetime) -> bool:
        """Whether the last run may have committed files that are still pending: it died, or failed."""
        failed = self.refresh_status == RefreshStatus.ERROR and self.refused_registrations < 0
        return failed or (self.refresh_status == RefreshStatus.UPDATING and not self.is_held(now))

    def as_planned(self, now: datetime) -> TableLease:
        """The lease as the Batch Manager sees it."""
        return TableLease(self.is_held(now), self.refused_registrations, self.refused_configuration)


def _last_refresh(item: Mapping[str, Any]) -> LastRefresh:
    return LastRefresh(
        ended_at=str(item.get("refresh_end_date_time", "")),
        rows_inserted=int(item.get("rows_inserted", 0)),
        rows_updated=int(item.get("rows_updated", 0)),
        rows_deleted=int(item.get("rows_deleted", 0)),
        files=int(item.get("files_processed", 0)),
        error=str(item.get("error_message", "")),
        updates_without_row=int(item.get("updates_without_row", 0)),
        engine=str(item.get("engine", Engine.SPARK.value)),
        beyond_engine=str(item.get("beyond_engine", "")),
        advice=str(item.get("advice", "")),
    )


def _moment(seconds: Any) -> datetime:  # noqa: ANN401  a number as DynamoDB gives it
    return datetime.fromtimestamp(float(seconds), UTC)
