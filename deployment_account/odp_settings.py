"""Sizes of the operational data processing framework, which differ between environments of the same manifests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deployment_account.model import GlueWorkerType, Model

TableOptimizer = Literal["compaction", "retention", "orphan_file_deletion"]


class CadenceDefaults(Model):
    """What a cadence's batch configuration gets in this environment where the manifests leave it open."""

    glue_job_worker_type: GlueWorkerType = "G.1X"
    glue_job_max_workers: Annotated[int, Field(strict=True, ge=2, le=299)] = 10
    """The most; a run gets as many as its pending bytes need."""
    refresh_tables_batch_size: Annotated[int, Field(strict=True, ge=1, le=100)] = 20
    """The most; tables share a run as far as two workers do for their pending bytes, and a run bills a minute at least.
    They wait for its slowest."""


class OdpSettings(Model):
    """Sizes and limits of the operational data processing framework in one environment."""

    glue_version: Literal["5.1"] = "5.1"
    """The one whose Spark and Hudi the tests run with."""
    max_concurrent_runs: Annotated[int, Field(strict=True, ge=1, le=1000)] = 20
    """Runs of one Glue job that may overlap, over all cadences."""
    max_concurrent_batches: Annotated[int, Field(strict=True, ge=1, le=40)] = 10
    """Batches of one cadence that are refreshed at a time; Step Functions runs some 40 iterations at most."""
    max_workers_per_run: Annotated[int, Field(strict=True, ge=2, le=299)] = 299
    """Caps what the batch configurations ask for: the manifests are the same everywhere, budgets are not."""
    job_timeout_minutes: Annotated[int, Field(strict=True, ge=1, le=2880)] = 60
    """How long a run may take; one with much to apply gets a minute for each 20 MB, up to two days."""
    max_files_per_refresh: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 1000
    """Change files that one refresh of a table applies, oldest first; the rest follows in further commits."""
    max_bytes_per_refresh: Annotated[int, Field(strict=True, ge=1_000_000)] = 8_000_000_000
    """Bytes of change files that one refresh of a table applies; a larger single file is applied by itself."""
    max_replayed_files: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 1000
    """Applied files that are read again because an older one came late; beyond that the late file is held."""
    native_memory_mb: Annotated[int, Field(strict=True, ge=512, le=10_240)] = 3008
    """Memory of the function that refreshes small Iceberg tables; each 1,024 MB above 512 is for one more at a time.

    Four at most. Its share of a processor grows with its memory.
    """
    table_optimizers: tuple[TableOptimizer, ...] | None = None
    """What Glue does to the framework's Iceberg tables by itself, at its own price. Without the field, nothing.

    An empty list takes away what an earlier list gave; then remove the field.
    """
    cadence_defaults: CadenceDefaults = CadenceDefaults()
    schedules: Literal["enabled", "disabled"] = "enabled"
    """Whether cadences start by themselves; disabled ones are refreshed by hand."""
