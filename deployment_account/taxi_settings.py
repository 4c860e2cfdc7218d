"""Sizes of the NYC taxi flow, which differ between environments of the same datasets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deployment_account.model import GlueWorkerType, Model


class TaxiSettings(Model):
    """Sizes and limits of the NYC taxi flow in one environment."""

    glue_version: Literal["5.1"] = "5.1"
    """The one whose Spark and Iceberg the tests run with."""
    worker_type: GlueWorkerType = "G.1X"
    workers: Annotated[int, Field(strict=True, ge=2, le=299)] = 5
    """Of each run of either job."""
    job_timeout_minutes: Annotated[int, Field(strict=True, ge=1, le=2880)] = 60
    max_files_per_run: Annotated[int, Field(strict=True, ge=1, le=5000)] = 500
    """Files of one dataset that are loaded together; further ones wait for the next run, oldest first."""
    batching_window_seconds: Annotated[int, Field(strict=True, ge=1, le=300)] = 20
    """How long files may land before those that came together are registered and loaded."""
    query_scan_limit_mb: Annotated[int, Field(strict=True, ge=10)] = 10_000
    """Athena stops a query that scans more (in megabytes, 10 at least), and what it scanned is paid."""
