"""The cost of a month of work: a number of tables that change all the time, at one cadence."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from deployment_account.odp_settings import OdpSettings
from scripts.idle_cost import assumptions as given
from scripts.idle_cost.pricing import Line, PriceList, PricingError

MINUTES_OF_AN_HOUR = 60
SECONDS_OF_AN_HOUR = 3600
KEYS_OF_A_LISTING = 1000
MEGABYTES_OF_A_GIGABYTE = 1000
MEGABYTES_OF_MEMORY = 1024


@dataclass(frozen=True)
class Workload:
    """So many tables of one cadence."""

    tables: int
    minutes: int
    is_native: bool = False
    """Whether its tables are Iceberg tables that the native engine refreshes."""

    @property
    def is_flex(self) -> bool:
        """Whether its runs are of Glue's flexible class."""
        return not self.is_native and self.minutes >= given.FLEX_FROM_MINUTES.value


@dataclass(frozen=True)
class Pass:
    """One refresh of all tables: its runs, or calls of the native function, and how often it can happen."""

    runs: int
    workers: int
    """Of each run; a call of the function has none."""
    seconds: float
    interval_minutes: int
    """A cadence whose runs need longer than its interval is refreshed at its next tick."""

    @property
    def dpu_hours(self) -> float:
        """What Glue bills: a worker of G.1X is a DPU."""
        return self.runs * self.workers * max(self.seconds, given.BILLED_SECONDS.value) / SECONDS_OF_AN_HOUR


def pass_of(workload: Workload, settings: OdpSettings | None = None) -> Pass:
    """Size one refresh of all tables with the defaults of an environment."""
    limits = settings or OdpSettings()
    interval = workload.minutes
    while True:
        found = _pass_within(workload, interval, limits)
        rounds = ceil(found.runs / limits.max_concurrent_batches)
        start = 0 if workload.is_native else given.START_SECONDS.value
        minutes = rounds * (found.seconds + start) / MINUTES_OF_AN_HOUR
        if minutes <= interval:
            return found
        interval = workload.minutes * ceil(minutes / workload.minutes)
        if interval > 365 * 24 * MINUTES_OF_AN_HOUR:
            raise PricingError(f"{workload.tables} tables bring more than runs of this many at a time can apply")


def _pass_within(workload: Workload, interval: int, limits: OdpSettings) -> Pass:
    pending = workload.tables * interval * given.FILES_A_MINUTE.value * given.BYTES_OF_A_FILE.value
    if workload.is_native:
        return _native_pass(workload.tables, pending, interval)
    by_count = ceil(workload.tables / limits.cadence_defaults.refresh_tables_batch_size)
    runs = max(by_count, ceil(pending / given.BYTES_OF_A_WORKER.value))
    table_seconds = workload.tables / runs * given.TABLE_SECONDS.value
    byte_seconds = pending / runs / given.BYTES_A_MINUTE.value * MINUTES_OF_AN_HOUR
    seconds = given.SESSION_SECONDS.value + table_seconds + byte_seconds
    return Pass(runs, int(given.WORKERS.value), seconds, interval)


def _native_pass(tables: int, pending: float, interval: int) -> Pass:
    files = tables * interval * given.FILES_A_MINUTE.value
    room = given.NATIVE_BYTES.value * tables / (pending + files * given.NATIVE_BYTES.value / given.NATIVE_FILES.value)
    calls = ceil(tables / max(1, min(int(room), given.NATIVE_TABLES.value)))
    of_tables = tables * given.NATIVE_TABLE_SECONDS.value + files * given.NATIVE_FILE_SECONDS.value
    seconds = given.NATIVE_START_SECONDS.value + (of_tables + pending / given.NATIVE_BYTES_A_SECOND.value) / calls
    return Pass(calls, 0, seconds, interval)


def working_lines(workload: Workload, prices: PriceList) -> list[Line]:
    """The cost of the month by service; the idle environment costs extra."""
    minutes = prices.hours_a_month * MINUTES_OF_AN_HOUR
    each = pass_of(workload)
    month = _Month(
        files=workload.tables * minutes * given.FILES_A_MINUTE.value,
        passes=minutes / each.interval_minutes,
        refreshes=workload.tables * minutes / each.interval_minutes,
        each=each,
    )
    amounts = [
        _compute(workload, month),
        *(_native_storage(month) if workload.is_native else _storage(month)),
        *_changes_in_storage(month),
        *_ledger(month),
        *_calls(month, given.NATIVE_KEY_REQUESTS if workload.is_native else given.RUN_KEY_REQUESTS),
    ]
    return [Line(what, price, amount, amount * prices.usd(price)) for what, price, amount in amounts]


@dataclass(frozen=True)
class _Month:
    files: float
    passes: float
    refreshes: float
    each: Pass

    @property
    def runs(self) -> float:
        return self.passes * self.each.runs

    @property
    def calls(self) -> float:
        return self.files / given.FILES_OF_A_CALL.value


_Amount = tuple[str, str, float]
_Amounts = list[_Amount]


def _compute(workload: Workload, month: _Month) -> _Amount:
    """The line of the engine, which is the first one of a month."""
    if workload.is_native:
        gigabytes = OdpSettings().native_memory_mb / MEGABYTES_OF_MEMORY
        return "Native function", "function_gb_second", month.runs * month.each.seconds * gigabytes
    return "Glue", "glue_flex_dpu_hour" if workload.is_flex else "glue_dpu_hour", month.passes * month.each.dpu_hours


def _storage(month: _Month) -> _Amounts:
    megabytes = month.runs * given.LOG_MEGABYTES.value + month.refreshes * given.TABLE_LOG_MEGABYTES.value
    return [
        ("S3, refreshes", "s3_write_request", month.refreshes * given.TABLE_WRITES.value),
        ("S3, refreshes", "s3_read_request", month.refreshes * given.TABLE_READS.value),
        ("Events of S3, refreshes", "s3_event", month.refreshes * given.TABLE_EVENTS.value),
        ("Logs of Glue", "log_gigabyte", megabytes / MEGABYTES_OF_A_GIGABYTE),
    ]


def _native_storage(month: _Month) -> _Amounts:
    megabytes = month.runs * given.NATIVE_LOG_MEGABYTES.value + month.refreshes * given.TABLE_LOG_MEGABYTES.value
    return [
        ("Native function", "function_request", month.runs),
        ("S3, refreshes", "s3_write_request", month.refreshes * given.NATIVE_TABLE_WRITES.value),
        ("S3, refreshes", "s3_read_request", month.refreshes * given.NATIVE_TABLE_READS.value),
        ("Events of S3, refreshes", "s3_event", month.refreshes * given.NATIVE_TABLE_EVENTS.value),
        ("Logs of the native function", "log_gigabyte", megabytes / MEGABYTES_OF_A_GIGABYTE),
    ]


def _changes_in_storage(month: _Month) -> _Amounts:
    listings = month.files * given.SWEEP_LOOKS.value / KEYS_OF_A_LISTING
    return [
        ("S3, change files and the sweep", "s3_write_request", month.files + listings),
        ("S3, change files", "s3_read_request", month.files * given.FILE_READS.value),
        ("Events of S3, change files", "s3_event", month.files),
    ]


def _ledger(month: _Month) -> _Amounts:
    files_a_day = given.FILES_A_MINUTE.value * MINUTES_OF_AN_HOUR * 24
    looked_up = month.refreshes * given.LOOK_BACK_DAYS.value * files_a_day
    swept = month.files * given.SWEEP_LOOKS.value
    written = month.files * given.FILE_WRITE_UNITS.value + month.refreshes * given.TABLE_WRITE_UNITS.value
    return [
        ("DynamoDB, files and refreshes", "dynamodb_write_unit", written),
        ("DynamoDB, files looked up", "dynamodb_read_unit", (looked_up + swept) / given.FILES_OF_A_UNIT.value),
    ]


def _calls(month: _Month, key_requests_of_a_run: given.Assumption) -> _Amounts:
    executions = month.passes * given.EXECUTION_TRANSITIONS.value
    keys = month.runs * key_requests_of_a_run.value + month.calls * given.CALL_KEY_REQUESTS.value
    return [
        ("Step Functions", "state_transition", executions + month.runs * given.BATCH_TRANSITIONS.value),
        ("Queue of the File Manager", "queue_request", month.files * given.FILE_QUEUE_REQUESTS.value),
        ("File Manager", "function_request", month.calls),
        ("File Manager", "function_gb_second", month.calls * given.CALL_GB_SECONDS.value),
        ("KMS", "key_request", keys),
    ]
