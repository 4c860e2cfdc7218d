"""Steps 7 and 12: a failure affects only its own table or execution."""

from __future__ import annotations

import time

from deployment_account.names import OdpTable, published_schedule
from scripts.smoke.dms_files import FULL_LOAD, NO_PARQUET, Change, applied, change_file_name, changed, loaded
from scripts.smoke.lake import Item
from scripts.smoke.ledger import RUN
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.refreshes import Execution
from scripts.smoke.step import Evidence, Smoke, Step
from scripts.smoke.table_steps import MAIN, require_rows

SOUND = {key: key for key in range(1, 6)}
AFTER_STOP = (Change("I", 301, 9),)


def schedules(smoke: Smoke) -> Evidence:
    """Step 7, first part: every cadence has its schedule, in the state that the configuration wants."""
    wanted = "ENABLED" if smoke.lake.environment.odp.schedules == "enabled" else "DISABLED"
    batches = smoke.lake.configured(OdpTable.BATCH_CONFIG)
    client, found = smoke.lake.client("scheduler"), []
    for cadence in sorted(str(item["refresh_cadence"]) for item in batches if RUN not in item):
        name = smoke.lake.published(published_schedule(cadence))
        schedule = client.get_schedule(Name=name)
        if schedule["State"] != wanted:
            raise StepFailedError(
                f"schedule {name} is {schedule['State']}, the configuration says {wanted}",
                advice=f"somebody changed it by hand: set it to {wanted} in the console of EventBridge Scheduler, or "
                "change odp.schedules in config/environments.json and push",
            )
        if schedule["Target"]["Arn"] != smoke.refreshes.machine_arn:
            raise StepFailedError(f"schedule {name} starts {schedule['Target']['Arn']}, not the File Processor")
        found.append(f"{name} {schedule['State']}, {schedule['ScheduleExpression']}")
    return found


def refused_file(smoke: Smoke) -> Evidence:
    """Step 7: three cadences at once; one of them has a file that is not Parquet."""
    evidence = list(schedules(smoke))
    refused, *sound = (smoke.tables.table(f"cadence_{number}") for number in (1, 2, 3))
    smoke.tables.land(refused, FULL_LOAD, NO_PARQUET)
    for table in sound:
        smoke.tables.land(table, FULL_LOAD, loaded(SOUND))
    for table in (refused, *sound):
        smoke.tables.until_registered(table, 1)
    bad, *good = [smoke.refreshes.start(table) for table in (refused, *sound)]
    for execution in good:
        smoke.refreshes.succeeded(execution)
    ended = smoke.refreshes.ended(bad)
    if ended["status"] == "SUCCEEDED":
        raise StepFailedError(f"execution {bad.name} succeeded, although its file is no Parquet file")
    entries = [
        entry for entry in smoke.tables.ledger.quarantined(refused) if entry["quarantine_kind"] == "refused_table"
    ]
    if not entries:
        raise StepFailedError(
            f"odpf_quarantine has no entry of {refused.qualified}; the execution ended as {ended['status']}: "
            f"{ended.get('cause', '')}"
        )
    return [*evidence, f"refused and in quarantine: {entries[0]['reason']}", "the other two cadences were refreshed"]


def stopped_by_hand(smoke: Smoke) -> Evidence:
    """Step 12: an execution is stopped in its Glue run; the next one takes over and applies the file once."""
    table = smoke.tables.table(MAIN)
    smoke.tables.land(table, change_file_name(3), changed(AFTER_STOP, with_note=True, with_quantity=False))
    smoke.tables.until_registered(table, 1)
    before = {run["Id"] for run in smoke.refreshes.glue_runs(table)}
    stopped = smoke.refreshes.start(table)
    run = smoke.patience.until("its Glue run", lambda: _new_run(smoke, stopped, before))
    smoke.refreshes.stop(stopped)
    status = smoke.refreshes.ended(stopped)["status"]
    if status != "ABORTED":
        raise StepFailedError(
            f"execution {stopped.name} ended as {status} before it was stopped", advice="run it again"
        )
    left = _left(smoke)
    again = smoke.refreshes.succeeded(smoke.refreshes.start(table))
    smoke.rows = applied(smoke.rows, AFTER_STOP)
    rows = require_rows(smoke, table)
    lease = smoke.tables.ledger.lease(table)
    if "lease_owner" in lease:
        raise StepFailedError(f"{lease['lease_owner']} still holds the lease of {table.qualified}")
    states = {each["Id"]: each["JobRunState"] for each in smoke.refreshes.glue_runs(table)}
    return [
        f"stopped: {stopped.name}, Glue run {run['Id']} is {states.get(run['Id'], 'gone')}",
        left,
        f"Glue run {again['glue_job_run_id']} took over, and no lease is left",
        rows,
    ]


def _new_run(smoke: Smoke, execution: Execution, before: set[str]) -> Item:
    """The Glue run of an execution, once there is one.

    Raises:
        StepFailedError: the execution has ended without one.
    """
    status = smoke.refreshes.described(execution)["status"]
    runs = [run for run in smoke.refreshes.glue_runs(execution.table) if run["Id"] not in before]
    if not runs and status != "RUNNING":
        raise StepFailedError(f"execution {execution.name} ended as {status} without a Glue run")
    return runs[0] if runs else {}


def _left(smoke: Smoke) -> str:
    """Wait until nobody holds the lease that the stopped run may have had."""
    table = smoke.tables.table(MAIN)
    held = "lease_owner" in smoke.tables.ledger.lease(table)
    smoke.patience.until(
        "the lease of the stopped run to expire",
        lambda: float(str(smoke.tables.ledger.lease(table).get("lease_expires_at", 0))),
        lambda expires_at: expires_at < time.time(),
    )
    smoke.tables.until_registered(table, 1)
    claim = smoke.tables.ledger.claim(table).get("execution", "nobody")
    return f"the stopped run {'held' if held else 'had not taken'} the lease; the cadence was still claimed by {claim}"


STEPS = (
    Step(
        7,
        "a refused file and three cadences",
        "every cadence has its schedule; three cadences run at once; a broken file stops its own table only",
        "odp status and odp quarantine list show what was refused; the executions' causes say why",
        refused_file,
    ),
)
STOP_STEP = Step(
    12,
    "an execution is stopped by hand",
    "the stopped run leaves no lease that lasts, and the next execution applies the file once",
    "odpf_file_processing_tracker shows who has the lease and until when; a Glue run that is still RUNNING must be "
    "stopped by hand",
    stopped_by_hand,
    needs=(5,),
)
