"""The thirteen steps in their order, and what they start at most."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.smoke import account_steps, failure_steps, native_step, notice_steps, scale_steps, table_steps, taxi_steps
from scripts.smoke.costs import TAXI_RUNS, Load
from scripts.smoke.step import SmokeOptions, Step

STEPS: tuple[Step, ...] = (
    *account_steps.STEPS,
    *table_steps.STEPS,
    *scale_steps.STEPS,
    *failure_steps.STEPS,
    scale_steps.SWEEP_STEP,
    *notice_steps.STEPS,
    account_steps.DMS_STEP,
    *taxi_steps.STEPS,
    failure_steps.STOP_STEP,
    native_step.STEP,
)
RUNS = {3: 1, 4: 1, 5: 1, 7: 3, 12: 2, 13: 1}
"""Executions for smoke tables, each with at most one Glue run, by step; step 6 has as many as a person wants.

That of step 13 calls a function, which costs less.
"""
PARALLEL, SWEEP, TAXI = 6, 8, 11


def load_of(steps: Sequence[Step], options: SmokeOptions, wait_seconds: float) -> Load:
    """What these steps start at most."""
    numbers = {step.number for step in steps}
    runs = sum(count for number, count in RUNS.items() if number in numbers)
    return Load(
        lake_runs=runs + (options.parallel if PARALLEL in numbers else 0),
        taxi_runs=TAXI_RUNS if TAXI in numbers else 0,
        keys=options.keys if SWEEP in numbers else 0,
        wait_seconds=wait_seconds,
    )
