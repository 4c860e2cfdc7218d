"""Plans ever larger backlogs, and holds every plan to naming each table once."""

import json
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from odp.file_processor.batches import MOST_BATCHES

from benchmarks.batch_plan.backlog import BATCH_SIZE, CADENCE, MONTH_OF_FILES, Backlog, Scale
from benchmarks.batch_plan.probe import Planning, plan_in_own_process
from benchmarks.figures import Figures, Record
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings

SCALES = (
    Scale(300, 5_000),
    Scale(300, 5_000, unconfigured=200),
    Scale(3_000, 5_000),
    Scale(3_000, 50_000),
    Scale(30_000, 50_000),
)
"""From each to the next one number grows: what grows with it tells on what it depends."""
_FIRST_ACCOUNT = 600_000_000_000
_STATE_LIMIT = 256 * 1024  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_FULL_CORE = 1769  # MB at which Lambda gives a whole core: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
LAMBDA_MEMORY = 512
_MEGABYTE = 1_000_000


class IncompletePlanError(AssertionError):
    """A plan does not hold each table once, so that its cost means nothing."""


def measure_growth(work: Path, scales: Iterable[Scale] = SCALES) -> Figures:
    """Plan each scale against an emulator of its own, which is not asked to keep anything."""
    records: list[Record] = []
    for number, scale in enumerate(scales):
        emulator = Emulator(EmulatorSettings(run_directory=work / str(number)))
        emulator.start()
        try:
            records.append(measure(emulator, str(_FIRST_ACCOUNT + number), scale))
        finally:
            emulator.kill()
    share = f"{LAMBDA_MEMORY} MB have {LAMBDA_MEMORY / _FULL_CORE:.0%} of a core"
    notes = [f"Lambda CPU s: CPU seconds at the share of its Lambda, whose {share}; it has 300 s."]
    return Figures("plan", "Planning one cadence: Batch Manager against the emulator", records, notes)


def measure(emulator: Emulator, account: str, scale: Scale) -> Record:
    """Plan one backlog."""
    backlog = Backlog(emulator, account, scale)
    backlog.fill()
    event = {"refresh_cadence": CADENCE, "execution": "benchmark"}
    planning = plan_in_own_process(event, backlog.environment())
    _demand_complete(backlog.planned(planning.state["plan_key"]), planning, scale)
    return _record(scale, planning)


def _demand_complete(batches: list[list[str]], planning: Planning, scale: Scale) -> None:
    expected = {scale.source_table(number) for number in range(scale.files)}
    named = list(chain(*batches))
    most = min(len(expected), MOST_BATCHES * BATCH_SIZE)
    is_once_each = len(named) == len(set(named)) == most and set(named) <= expected
    if not (is_once_each and max(map(len, batches)) <= BATCH_SIZE):
        raise IncompletePlanError(f"{len(named)} tables in {len(batches)} batches instead of {most} once each")
    if sorted(planning.state["batches"]) != list(range(len(batches))):
        raise IncompletePlanError(f"the state carries {planning.state['batches']} for {len(batches)} batches")


def _record(scale: Scale, planning: Planning) -> Record:
    state = len(json.dumps(planning.state))
    dynamodb = sum(count for name, count in planning.requests.items() if name.startswith("dynamodb:"))
    return {
        "tables": scale.tables,
        "pending files": scale.files,
        "of others": scale.unconfigured * MONTH_OF_FILES,
        "s": planning.seconds,
        "CPU s": planning.cpu_seconds,
        "Lambda CPU s": planning.cpu_seconds * _FULL_CORE / LAMBDA_MEMORY,
        "peak MB": planning.peak_bytes / _MEGABYTE,
        "DynamoDB requests": dynamodb,
        "state bytes": state,
        "of 256 KiB": f"{state / _STATE_LIMIT:.1%}",
        "batches": len(planning.state["batches"]),
    }
