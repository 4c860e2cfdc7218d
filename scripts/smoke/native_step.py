"""Step 13: a small Iceberg table, which a function refreshes without a Glue run."""

from __future__ import annotations

from deployment_account.names import OdpTable
from scripts.smoke.dms_files import FULL_LOAD, applied, change_file_name, changed, loaded
from scripts.smoke.outcome import StepFailedError, StepSkippedError
from scripts.smoke.step import Evidence, Smoke, Step
from scripts.smoke.table_steps import CHANGES, FIRST, require_rows
from scripts.smoke.tables import NATIVE

TABLE = "iceberg_orders"


def native_refresh(smoke: Smoke) -> Evidence:
    """Step 13."""
    configured = smoke.lake.configured(OdpTable.RAW_TABLE_CONFIG)
    if not any(item.get("table_storage_type") == "iceberg" for item in configured):
        raise StepSkippedError("no Iceberg table is configured")
    table = smoke.tables.table(TABLE, engine=NATIVE)
    smoke.tables.land(table, FULL_LOAD, loaded(FIRST))
    smoke.tables.land(table, change_file_name(), changed(CHANGES))
    smoke.tables.until_registered(table, 2)
    run = smoke.refreshes.succeeded(smoke.refreshes.start(table))
    if run.get("engine") != NATIVE:
        raise StepFailedError(f"{run.get('engine', 'nobody')} refreshed {table.qualified}, configured is {NATIVE}")
    if reason := run.get("beyond_engine"):
        raise StepFailedError(f"the function left {table.qualified} to Spark: {reason}")
    call = str(run["glue_job_run_id"])
    return [f"function call {call}, no Glue run", require_rows(smoke, table, applied(FIRST, CHANGES))]


STEP = Step(
    13,
    "a small Iceberg table is refreshed natively",
    "the plan gives the table to the function, which writes and commits it, and Athena reads it",
    "read the log of the native function: AccessDenied names the action that its role lacks, an import error what its "
    "package lacks",
    native_refresh,
)
