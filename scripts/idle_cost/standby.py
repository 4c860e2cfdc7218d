"""The cost of a month of a standby Region: what replication costs, and what the standby does with the files."""

from __future__ import annotations

from deployment_account.retention import Retention
from scripts.idle_cost import assumptions as given
from scripts.idle_cost.pricing import Line, PriceList
from scripts.idle_cost.working import KEYS_OF_A_LISTING, MINUTES_OF_AN_HOUR, Workload, working_lines

BYTES_OF_A_GIGABYTE = 1e9
DAYS_OF_A_MONTH = 365 / 12
REPLICATION = "Replication"
STANDBY = "Standby"

_Amounts = list[tuple[str, str, float]]


def cold_lines(workload: Workload, prices: PriceList) -> list[Line]:
    """A cold standby registers the replicas and refreshes nothing; the idle environment costs extra."""
    files = _files(workload, prices)
    amounts = [*_replication(files), *_registration(files)]
    return [Line(what, price, amount, amount * prices.usd(price)) for what, price, amount in amounts]


def warm_lines(workload: Workload, prices: PriceList) -> list[Line]:
    """A warm standby does what a lake of its cadence does; its files come as replicas."""
    amounts = [(what, price, amount) for what, price, amount in _replication(_files(workload, prices)) if _extra(what)]
    replication = [Line(what, price, amount, amount * prices.usd(price)) for what, price, amount in amounts]
    return [*replication, *(line for line in working_lines(workload, prices))]


def _extra(what: str) -> bool:
    """The months of work have the PUT of each file already, which the replica's takes the place of."""
    return what != f"{REPLICATION}, replicas written"


def _files(workload: Workload, prices: PriceList) -> float:
    return workload.tables * prices.hours_a_month * MINUTES_OF_AN_HOUR * given.FILES_A_MINUTE.value


def _replication(files: float) -> _Amounts:
    """Of landed files by S3, and of their marks by DynamoDB; both Regions' metrics and alarms."""
    gigabytes = files * given.BYTES_OF_A_FILE.value / BYTES_OF_A_GIGABYTE
    kept = gigabytes * Retention().landed_file_days / DAYS_OF_A_MONTH
    marks = files * given.MARK_BYTES.value / BYTES_OF_A_GIGABYTE
    return [
        (f"{REPLICATION}, transfer of files and marks", "region_transfer_gigabyte", gigabytes + marks),
        (f"{REPLICATION}, within 15 minutes", "s3_replication_time_gigabyte", gigabytes),
        (f"{REPLICATION}, replicas written", "s3_write_request", files),
        (f"{REPLICATION}, replicas kept", "s3_gigabyte", kept),
        (f"{REPLICATION}, metrics", "custom_metric", given.REPLICATION_METRICS.value),
        (f"{REPLICATION}, alarms", "alarm", given.REPLICATION_ALARMS.value),
        (f"{REPLICATION}, marks of files", "dynamodb_replicated_write_unit", files * given.MARK_WRITE_UNITS.value),
    ]


def _registration(files: float) -> _Amounts:
    """As the File Manager of any lake registers them, and asks for the mark of each."""
    calls = files / given.FILES_OF_A_CALL.value
    looks = files * given.SWEEP_LOOKS.value
    return [
        (f"{STANDBY}, events of replicas", "s3_event", files),
        (f"{STANDBY}, listings of the sweep", "s3_write_request", looks / KEYS_OF_A_LISTING),
        (f"{STANDBY}, queue", "queue_request", files * given.FILE_QUEUE_REQUESTS.value),
        (f"{STANDBY}, File Manager", "function_request", calls),
        (f"{STANDBY}, File Manager", "function_gb_second", calls * given.CALL_GB_SECONDS.value),
        (f"{STANDBY}, files registered", "dynamodb_write_unit", files * given.REGISTRATION_WRITE_UNITS.value),
        (f"{STANDBY}, files and marks looked up", "dynamodb_read_unit", looks / given.FILES_OF_A_UNIT.value + files),
        (f"{STANDBY}, KMS", "key_request", calls * given.CALL_KEY_REQUESTS.value),
    ]
