"""What a refresh lists and what the sweep costs, as a lake grows old at the same pace."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from odp.file_manager.missing_files import MissingFiles
from odp.file_manager.staging_sweep import RECENT_EVERY, Sweep

from benchmarks.batch_plan.old_lake import BUCKET, NOW, OldLake
from benchmarks.figures import Figures, Record
from benchmarks.stopwatch import measured

TABLES, FILES_A_DAY, PENDING = 10, 1_111, 10
AGES = (3, 30, 90)
"""Days that staging holds; with the last, the default of its retention, a million objects."""


def measure_ages() -> Figures:
    """Measure lakes of each age."""
    records = [measure(days) for days in AGES]
    notes = [
        f"{TABLES} tables, each with {FILES_A_DAY:,} files a day; {PENDING} files of one table wait.",
        "S3 and DynamoDB in memory: requests are what counts.",
        f"The whole bucket is swept once a week, the recent files every {RECENT_EVERY // timedelta(hours=1)} hours.",
    ]
    return Figures("ages", "A refresh and the sweep, as the lake grows old", records, notes)


def measure(days: int) -> Record:
    """Measure a lake of one age."""
    lake = OldLake(TABLES, days, FILES_A_DAY)
    refresh = _counted(lake, lambda: _look_beside(lake))
    whole = _counted(lake, lambda: _sweep(lake, hours=0))
    recent = _counted(lake, lambda: _sweep(lake, hours=6))
    return {
        "days": days,
        "objects": len(lake.keys),
        "refresh: LIST": refresh["list"],
        "reads": refresh["read"],
        "CPU s": refresh["cpu"],
        "sweep, recent: LIST": recent["list"],
        "reads ": recent["read"],
        "CPU s ": recent["cpu"],
        "whole round: LIST": whole["list"] - recent["list"],
    }


def _counted(lake: OldLake, work: Callable[[], object]) -> dict[str, Any]:
    lake.requests.clear()
    with measured() as duration:
        work()
    return {**lake.requests, "cpu": duration.cpu}


def _look_beside(lake: OldLake) -> None:
    pending = lake.newest(PENDING)
    looked = MissingFiles(lake, lake, lake).register_missing(pending, pending[0].name)
    missing = [file.key for file in pending if (file.key, "v1") not in looked.current]
    if missing:
        raise AssertionError(f"the listing does not show {missing}")


def _sweep(lake: OldLake, *, hours: int) -> None:
    now = NOW + timedelta(hours=hours)
    Sweep(MissingFiles(lake, lake, lake), lake, lake, BUCKET, ("",), lambda: now).run(now + timedelta(minutes=15))
