"""A lease is renewed while work goes on, and the loss of a lease is noticed."""

import logging
import threading
from collections.abc import Mapping

import pytest
from odp.file_processor.lease_heartbeat import LeaseHeartbeat
from odp.refresh import Lease, RefreshOutcome, RefreshStatus

from lake.errors import LeaseLostError, StaleRegionError
from lake.log_keys import add_log_keys, log_keys

LEASE = Lease("db.t", "run-1", 1, 0.0)


class Leases:
    """Counts renewals and fails as told."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.renewals = 0
        self.reached = threading.Event()

    def renew(self, lease: Lease) -> None:
        self.renewals += 1
        failure = self.failures.pop(0) if self.failures else None
        if not self.failures:
            self.reached.set()
        if failure is not None:
            raise failure

    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        raise NotImplementedError

    def release(
        self, lease: Lease, status: RefreshStatus, catalog_commit: str, written_with: Mapping[str, str] | None
    ) -> None:
        raise NotImplementedError

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        raise NotImplementedError


def test_lease_is_renewed_again_and_again_until_the_work_ends() -> None:
    leases = Leases(None, None, None)
    with LeaseHeartbeat(LEASE, leases, seconds=0.001):
        assert leases.reached.wait(60)
    at_the_end = leases.renewals
    assert at_the_end >= 3
    assert not any(thread.name == "lease-db.t" for thread in threading.enumerate())


def test_missed_heartbeat_is_tried_again() -> None:
    leases = Leases(ConnectionError("throttled"), None)
    with LeaseHeartbeat(LEASE, leases, seconds=0.001) as heartbeat:
        assert leases.reached.wait(5)
        heartbeat.check()


def test_missed_heartbeat_is_logged_with_the_keys_of_the_thread_that_refreshes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.addFilter(add_log_keys)
    leases = Leases(ConnectionError("throttled"), None)
    with log_keys(run="jr_1", table="sales.orders"), LeaseHeartbeat(LEASE, leases, seconds=0.001):
        assert leases.reached.wait(60)
    caplog.handler.removeFilter(add_log_keys)
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (line.__dict__.get("run"), line.__dict__.get("table")) == ("jr_1", "sales.orders")


@pytest.mark.parametrize("end", [LeaseLostError, StaleRegionError])
def test_end_noticed_in_the_background_stops_the_work_at_its_next_check(end: type[Exception]) -> None:
    leases = Leases(end("taken over"))
    with LeaseHeartbeat(LEASE, leases, seconds=0.001) as heartbeat:
        heartbeat._thread.join(5)
        with pytest.raises(end, match="taken over"):
            heartbeat.check()
    assert leases.renewals == 1


def test_check_renews_at_once() -> None:
    leases = Leases()
    with LeaseHeartbeat(LEASE, leases, seconds=3600) as heartbeat:
        heartbeat.check()
    assert leases.renewals == 1
