"""The assumptions behind a working month; the document lists them, and tests compare some with the product's code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumption:
    """A number, what it counts, and its source."""

    value: float
    what: str
    source: str


_MEASURE = "estimate, not measured on AWS yet"
_MEASURED = "measured in the rehearsal, rounded up"
_DMS = "the most that DMS writes with its defaults; a table that changes less costs less"
_CODE = "the code, compared by a test"

FILES_A_MINUTE = Assumption(1, "change files of each table in a minute", _DMS)
BYTES_OF_A_FILE = Assumption(10_000, "bytes of a change file", "estimate: tens of rows of twenty columns as Parquet")
SESSION_SECONDS = Assumption(65, "seconds of a run without its tables: Spark starts and loads Hudi", _MEASURE)
TABLE_SECONDS = Assumption(4.7, "seconds of a run for each table, with one executor", _MEASURE)
START_SECONDS = Assumption(60, "seconds until a run begins, which Glue does not bill", _MEASURE)
BYTES_A_MINUTE = Assumption(20_000_000, "bytes that a run applies in a minute, at least", _CODE)
WORKERS = Assumption(2, "workers of a run, at least", _CODE)
BYTES_OF_A_WORKER = Assumption(1_073_741_824, "pending bytes for each G.1X worker", _CODE)
FLEX_FROM_MINUTES = Assumption(60, "minutes of the shortest cadence whose runs are Flex", _CODE)
BILLED_SECONDS = Assumption(60, "seconds that Glue bills for a run, at least", "AWS's price page")
LOG_MEGABYTES = Assumption(0.5, "megabytes of logs of a run without its tables (warnings of Spark)", _MEASURE)
TABLE_LOG_MEGABYTES = Assumption(0.01, "megabytes of logs of a run for each table", _MEASURE)
TABLE_WRITES = Assumption(100, "PUT and LIST requests of a refresh of a table", _MEASURE)
TABLE_READS = Assumption(150, "GET and HEAD requests of a refresh of a table", _MEASURE)
FILE_READS = Assumption(3, "GET and HEAD requests for each change file", "footer, rows, and the check of its version")
TABLE_EVENTS = Assumption(40, "events of the raw bucket for a refresh of a table: files written and deleted", _MEASURE)
FILE_WRITE_UNITS = Assumption(8, "write units for each change file: register, apply, move to the history", _MEASURE)
TABLE_WRITE_UNITS = Assumption(14, "write units for a refresh of a table: lease, run, outcome", _MEASURE)
LOOK_BACK_DAYS = Assumption(1.5, "days of landed files that a refresh looks up beside its pending files", _MEASURE)
FILES_OF_A_UNIT = Assumption(
    5, "landed files in a read unit, if many of a day are looked up together", "4,096 bytes of items of some 700"
)
SWEEP_LOOKS = Assumption(25, "times that the sweep looks up a change file before the file is old", _MEASURE)
FILE_QUEUE_REQUESTS = Assumption(1.2, "queue requests for each change file: sent alone, received by ten", _MEASURE)
FILES_OF_A_CALL = Assumption(
    10, "change files that one call of the File Manager registers", "Lambda's default for queues"
)
CALL_GB_SECONDS = Assumption(0.25, "GB-seconds of such a call: half a second with 512 MB", _MEASURE)
EXECUTION_TRANSITIONS = Assumption(7, "state transitions of an execution without its batches", _CODE)
BATCH_TRANSITIONS = Assumption(3, "state transitions of a batch: start, choice of the engine, run", _MEASURE)
RUN_KEY_REQUESTS = Assumption(50, "KMS requests of a run (S3 bucket keys save the others)", _MEASURE)
CALL_KEY_REQUESTS = Assumption(2, "KMS requests of a call of the File Manager", _MEASURE)
NATIVE_TABLES = Assumption(25, "tables of a native batch, at most", _CODE)
NATIVE_BYTES = Assumption(134_217_728, "pending bytes of a native batch, at most", _CODE)
MOST_BATCHES = Assumption(500, "batches of an execution; if native ones are more, Spark refreshes all tables", _CODE)
NATIVE_FILES = Assumption(5_000, "pending files of a native batch, at most", _CODE)
NATIVE_FILE_SECONDS = Assumption(0.03, "seconds of a call of the native function for each change file", _MEASURE)
NATIVE_START_SECONDS = Assumption(4, "seconds of a call of the native function without its tables, cold", _MEASURE)
NATIVE_TABLE_SECONDS = Assumption(
    0.6, "seconds of such a call for each table: some 25 requests, one after another", _MEASURE
)
NATIVE_BYTES_A_SECOND = Assumption(4_000_000, "bytes of change files that such a call applies in a second", _MEASURE)
NATIVE_LOG_MEGABYTES = Assumption(0.01, "megabytes of logs of such a call without its tables", _MEASURE)
NATIVE_KEY_REQUESTS = Assumption(10, "KMS requests of such a call (S3 bucket keys save the others)", _MEASURE)
NATIVE_TABLE_WRITES = Assumption(10, "PUT requests of a native refresh of a table, retention included", _MEASURED)
NATIVE_TABLE_READS = Assumption(15, "GET and HEAD requests of such a refresh", _MEASURED)
NATIVE_TABLE_EVENTS = Assumption(14, "events of the raw bucket for such a refresh", _MEASURE)
STANDBY_MINUTES = Assumption(30, "minutes between two refreshes of a table by a warm standby", _CODE)
MARK_WRITE_UNITS = Assumption(
    4,
    "replicated write units for the mark of a file: two in its transaction, the replica's, and its expiry there",
    "AWS's page of billing of global tables",
)
MARK_BYTES = Assumption(500, "bytes of a mark on its way to the other Region", "estimate: its fields, with keys")
REGISTRATION_WRITE_UNITS = Assumption(
    6,
    "write units for the registration of a file by a cold standby: a transaction of three actions",
    "odp/dynamodb/file_tracker.py",
)
REPLICATION_METRICS = Assumption(16, "metrics of replication: four of each of two rules, in both directions", _CODE)
REPLICATION_ALARMS = Assumption(12, "alarms of both Regions on replication", _CODE)

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Assumption))
