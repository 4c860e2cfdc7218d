"""Steps 3 to 5: one table from its first load to its query, loaded again, with other columns."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

from deployment_account.names import Shared
from scripts.smoke.dms_files import FULL_LOAD, NOTE, QUANTITY, Change, applied, change_file_name, changed, loaded
from scripts.smoke.lake import Item
from scripts.smoke.ledger import SmokeTable
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.step import Evidence, Smoke, Step

MAIN = "orders"
FIRST = {key: 10 * key for key in range(1, 101)}
SECOND = {key: 7 * key for key in range(1, 61)}
CHANGES = (Change("U", 1, 5000), Change("D", 2, 20), Change("I", 101, 1))
LATER = (Change("I", 201, 3), Change("U", 3, 1))
LAST = (Change("I", 202, 4),)


def load_and_changes(smoke: Smoke) -> Evidence:
    """Step 3."""
    table = smoke.tables.table(MAIN)
    smoke.tables.land(table, FULL_LOAD, loaded(FIRST))
    smoke.tables.land(table, change_file_name(), changed(CHANGES))
    smoke.tables.until_registered(table, 2)
    smoke.tables.ledger.date_back(table, hours=3)
    run = smoke.refreshes.succeeded(smoke.refreshes.start(table))
    smoke.rows = applied(FIRST, CHANGES)
    return [_told(run), require_rows(smoke, table)]


def reload(smoke: Smoke) -> Evidence:
    """Step 4: DMS deletes a table's files and writes them again."""
    table = smoke.tables.table(MAIN)
    evidence = _delete_as_dms(smoke, table)
    smoke.tables.land(table, FULL_LOAD, loaded(SECOND))
    smoke.tables.until_registered(table, 1)
    smoke.tables.ledger.date_back(table, hours=1)
    run = smoke.refreshes.succeeded(smoke.refreshes.start(table))
    smoke.rows = dict(SECOND)
    return [evidence, _told(run), require_rows(smoke, table)]


def other_columns(smoke: Smoke) -> Evidence:
    """Step 5: the source adds a column, then drops another."""
    table = smoke.tables.table(MAIN)
    smoke.tables.land(table, change_file_name(1), changed(LATER, with_note=True))
    smoke.tables.land(table, change_file_name(2), changed(LAST, with_note=True, with_quantity=False))
    smoke.tables.until_registered(table, 2)
    run = smoke.refreshes.succeeded(smoke.refreshes.start(table))
    smoke.rows = applied(smoke.rows, (*LATER, *LAST))
    counted = f"count({NOTE.lower()}), count({QUANTITY.lower()})"
    ((notes, quantities),) = smoke.queries.ask(f'SELECT {counted} FROM "{table.lake_table}"', table.database)  # noqa: S608
    expected = (str(len(LATER) + len(LAST)), str(len(smoke.rows) - len(LAST)))
    if (notes, quantities) != expected:
        raise StepFailedError(
            f"Athena counts {notes} values of the added and {quantities} of the dropped column, expected are "
            f"{expected[0]} and {expected[1]}"
        )
    return [_told(run), require_rows(smoke, table), f"{notes} values of the added column"]


def require_rows(smoke: Smoke, table: SmokeTable, rows_of_source: Mapping[int, int] | None = None) -> str:
    """Compare what Athena sees with what the source has: by default in the main table.

    Raises:
        StepFailedError: they differ.
    """
    sql = f'SELECT count(*), sum(amount) FROM "{table.lake_table}"'  # noqa: S608  the name is ours
    ((rows, total),) = smoke.queries.ask(sql, table.database)
    source = smoke.rows if rows_of_source is None else rows_of_source
    wanted = str(len(source)), str(sum(source.values()))
    if (rows, total) != wanted:
        raise StepFailedError(
            f"Athena sees {rows} rows with amounts of {total} in {table.qualified}, the source has {wanted[0]} and "
            f"{wanted[1]}"
        )
    return f"Athena: {rows} rows, sum {total}, as in the source"


def _told(run: Item) -> str:
    counts = ", ".join(f"{run[f'rows_{verb}']} {verb}" for verb in ("inserted", "updated", "deleted"))
    return f"Glue run {run['glue_job_run_id']}: {counts}"


def _delete_as_dms(smoke: Smoke, table: SmokeTable) -> str:
    """Delete the table's files, which a protected environment must refuse to everybody but DMS's role.

    Raises:
        StepFailedError: the protection is not there, or keeps DMS from reloading too.
    """
    s3, bucket = smoke.lake.s3, smoke.lake.published(Shared.STAGING_BUCKET)
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=table.landing).get("Contents", ())]
    environment = smoke.lake.environment
    if not environment.is_protected:
        for key in keys:
            s3.delete_object(Bucket=bucket, Key=smoke.names.require_own(key))
        return f"{len(keys)} landed files deleted as DMS does (the environment is not protected)"
    try:
        s3.delete_object(Bucket=bucket, Key=smoke.names.require_own(keys[0]))
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
    else:
        raise StepFailedError(
            "the staging bucket of a protected environment let these credentials delete a landed file",
            advice="deploy the infra stage again: the bucket's policy must deny s3:DeleteObject to all but dms_roles",
        )
    if not environment.dms_roles:
        raise StepFailedError(
            "the environment is protected and names no role of DMS, so every reload of a table will fail",
            advice="name the role in dms_roles of config/environments.json and push (docs/deployment.md, step 8)",
        )
    return f"deletion refused to these credentials; it is left to {', '.join(environment.dms_roles)}"


STEPS = (
    Step(
        3,
        "a load, changes and an Athena query",
        "DMS files land, the File Manager registers them, a Glue run writes the table, Athena reads it",
        "follow the file: the event in the queue of the File Manager and its dead-letter queue, the function's log, "
        "then the execution of the File Processor",
        load_and_changes,
    ),
    Step(
        4,
        "a table is loaded again",
        "a reload replaces the table; a protected environment lets only DMS's role delete landed files",
        "odp status shows whether the load is held or waits; the bucket policy of buckets/staging says who may delete",
        reload,
        needs=(3,),
    ),
    Step(
        5,
        "the source adds and drops a column",
        "the table and its entry in the Data Catalog follow, and Athena reads both columns",
        "compare the columns of the table in the Data Catalog with those in the execution's Glue log; the job's role "
        "needs glue:UpdateTable",
        other_columns,
        needs=(4,),
    ),
)
